package storetest_test

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// memorySession is a session without its token.
type memorySession struct {
	admin.Session
	digest ration.Digest
}

type memoryLink struct {
	admin.LoginLink
	digest ration.Digest
}

func (m *memory) CreateLoginLink(_ context.Context, link admin.LoginLink, digest ration.Digest, valid time.Duration, audit admin.AuditEntry) (admin.LoginLink, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	link.CreatedAt = m.time()
	link.ExpiresAt = link.CreatedAt.Add(valid)
	m.links = append(m.links, memoryLink{link, digest})
	m.log(audit)
	return link, nil
}

func (m *memory) BeginSession(_ context.Context, digest ration.Digest, begin func(*admin.SessionBegin) error) (admin.SessionRecord, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	b := admin.SessionBegin{Now: m.time()}
	link := -1
	if digest != (ration.Digest{}) {
		link = slices.IndexFunc(m.links, func(l memoryLink) bool {
			return l.digest == digest && (l.UsedAt.IsZero() || m.fault == usesLinksAgain) && b.Now.Before(l.ExpiresAt)
		})
		if link < 0 {
			return admin.SessionRecord{}, admin.ErrLoginLinkInvalid
		}
		b.Link = m.links[link].LoginLink
		b.Link.UsedAt = b.Now
		b.LinkToken = m.tokenByID(b.Link.TokenID)
	}
	for _, session := range m.sessions {
		if session.EndedAt.IsZero() {
			b.Open = append(b.Open, m.recordOf(session))
		}
	}
	slices.SortStableFunc(b.Open, func(x, y admin.SessionRecord) int {
		return cmp.Or(x.SeenAt.Compare(y.SeenAt), bytes.Compare(x.ID[:], y.ID[:]))
	})
	if err := begin(&b); err != nil {
		return admin.SessionRecord{}, err
	}
	if link >= 0 {
		m.links[link].UsedAt = b.Now
	}
	for id, at := range b.End {
		m.session(id).EndedAt = at
	}
	session := b.Session
	session.CreatedAt, session.SeenAt, session.ExpiresAt = b.Now, b.Now, b.Now.Add(7*24*time.Hour)
	m.sessions = append(m.sessions, &memorySession{session, b.Digest})
	for _, audit := range b.Audit {
		m.log(audit)
	}
	return m.recordOf(m.sessions[len(m.sessions)-1]), nil
}

func (m *memory) ListSessions(_ context.Context, filter admin.SessionFilter) (list []admin.SessionRecord, now time.Time, err error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	now = m.time()
	for _, session := range m.sessions {
		record := m.recordOf(session)
		live := record.EndedAt.IsZero() && now.Before(record.ExpiresAt) && now.Sub(record.SeenAt) < 12*time.Hour
		if token := record.Token; live && record.TokenID != uuid.Nil {
			live = token.ID == record.TokenID && token.RevokedAt.IsZero() && (token.ExpiresAt.IsZero() || now.Before(token.ExpiresAt))
		}
		if (live || filter.Over) && (filter.After == uuid.Nil || bytes.Compare(record.ID[:], filter.After[:]) < 0) {
			list = append(list, record)
		}
	}
	slices.SortFunc(list, func(a, b admin.SessionRecord) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return atMost(list, filter.Limit, 1_000), now, nil
}

func (m *memory) EndSession(_ context.Context, id uuid.UUID, links bool, audit admin.AuditEntry) (admin.SessionRecord, time.Time, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	session := m.session(id)
	if session == nil {
		return admin.SessionRecord{}, time.Time{}, ration.ErrNotFound
	}
	if session.EndedAt.IsZero() {
		session.EndedAt = m.time()
		m.log(audit)
	}
	for i := range m.links {
		if link := &m.links[i]; links && link.CreatedBy == session.Actor && link.UsedAt.IsZero() && link.ExpiresAt.After(m.time()) {
			link.ExpiresAt = m.time()
		}
	}
	return m.recordOf(session), m.time(), nil
}

func (m *memory) SessionsByDigest(_ context.Context, digests []ration.Digest) ([]admin.SessionRecord, time.Time, error) {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	records := make([]admin.SessionRecord, len(digests))
	for i, digest := range digests {
		for _, session := range m.sessions {
			if session.digest == digest {
				records[i] = m.recordOf(session)
			}
		}
	}
	return records, m.time(), nil
}

func (m *memory) NoteSessionsSeen(_ context.Context, ids []uuid.UUID, at time.Time) error {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	for _, session := range m.sessions {
		since := at.Sub(session.SeenAt)
		if slices.Contains(ids, session.ID) && session.EndedAt.IsZero() && (since < 0 || since >= time.Minute) {
			session.SeenAt = at
		}
	}
	return nil
}

func (m *memory) session(id uuid.UUID) *memorySession {
	for _, session := range m.sessions {
		if session.ID == id {
			return session
		}
	}
	return nil
}

// recordOf returns a session with its token as it is now.
func (m *memory) recordOf(session *memorySession) admin.SessionRecord {
	return admin.SessionRecord{Session: session.Session, Token: m.tokenByID(session.TokenID)}
}

func (m *memory) tokenByID(id uuid.UUID) admin.Token {
	for _, token := range m.tokens {
		if id != uuid.Nil && token.ID == id {
			return token.Token
		}
	}
	return admin.Token{}
}
