package admin

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// ListSessions returns sessions, the newest first.
func (s *Service) ListSessions(ctx context.Context, filter SessionFilter) ([]Session, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	records, now, err := s.store.ListSessions(ctx, filter)
	if err != nil {
		return nil, err
	}
	var sessions []Session
	for _, record := range records {
		sessions = append(sessions, record.shown(now))
	}
	return sessions, nil
}

// EndSession ends a session. One that is over stays as it is. Error: ErrNotFound.
func (s *Service) EndSession(ctx context.Context, actor string, id uuid.UUID) (Session, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Session{}, err
	}
	audit, err := by.auditEnd("session.end", sessionTarget(id))
	if err != nil {
		return Session{}, err
	}
	record, now, err := s.store.EndSession(ctx, id, audit)
	if err != nil {
		return Session{}, named(fmt.Sprintf("session %s", id), err)
	}
	return record.shown(now), nil
}

// LogOut ends a session that a [SessionChecker] has checked, as its own holder does.
func (s *Service) LogOut(ctx context.Context, session Session) error {
	_, err := s.EndSession(withToken(ctx, session.TokenID), session.Actor, session.ID)
	return err
}

func sessionTarget(id uuid.UUID) string { return "session:" + id.String() }
