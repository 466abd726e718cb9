package admin

// RepairKey exports the rule of a repair.
var RepairKey = repairKey
