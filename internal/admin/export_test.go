package admin

// RepairKey exports the rule of a repair.
func RepairKey(actor string, repair *UsageRepair) error {
	return repairKey(author{actor: actor}, repair)
}

// InPartsOf makes reports read so many rows at once.
func (s *Service) InPartsOf(rows int) *Service {
	s.partRows = rows
	return s
}
