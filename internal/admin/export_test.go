package admin

// RepairKey exports the rule of a repair.
func RepairKey(actor string, repair *UsageRepair) error {
	return repairKey(author{actor: actor}, repair)
}
