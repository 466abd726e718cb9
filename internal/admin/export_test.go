package admin

import "context"

// RepairKey exports the rule of a repair.
func RepairKey(actor string, repair *UsageRepair) error {
	return repairKey(author{actor: actor}, repair)
}

// InPartsOf makes reports read so many rows at once.
func (s *Service) InPartsOf(rows int) *Service {
	s.partRows = rows
	return s
}

// BeginPreview exports what each preview begins with.
func (s *Service) BeginPreview(ctx context.Context) (end func(), err error) {
	return s.beginPreview(ctx)
}
