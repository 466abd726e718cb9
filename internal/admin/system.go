package admin

import "context"

// System says what answers.
func (s *Service) System(ctx context.Context) (System, error) {
	database, now, err := s.store.Database(ctx)
	if err != nil {
		return System{}, err
	}
	return System{Instance: s.config.Instance, Database: database, At: now}, nil
}
