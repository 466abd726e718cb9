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

// EndSession ends a session, and the login links that nobody has used of those that its
// holder has made: else who is thrown out would come back by one. A session that is over
// stays as it is. Error: ErrNotFound.
func (s *Service) EndSession(ctx context.Context, actor string, id uuid.UUID) (Session, error) {
	return s.endSession(ctx, actor, id, true)
}

func (s *Service) endSession(ctx context.Context, actor string, id uuid.UUID, links bool) (Session, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Session{}, err
	}
	audit, err := by.auditEnd("session.end", sessionTarget(id))
	if err != nil {
		return Session{}, err
	}
	record, now, err := s.store.EndSession(ctx, id, links, audit)
	if err != nil {
		return Session{}, named(fmt.Sprintf("session %s", id), err)
	}
	return record.shown(now), nil
}

// LogOut ends a session that a [SessionChecker] has checked, as its own holder does. Login
// links that they have made for others stay.
func (s *Service) LogOut(ctx context.Context, session Session) error {
	_, err := s.endSession(withToken(ctx, session.TokenID), session.Actor, session.ID, false)
	return err
}

func sessionTarget(id uuid.UUID) string { return "session:" + id.String() }
