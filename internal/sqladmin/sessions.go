package sqladmin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	sessionColumns      = "id, name, actor, method, token_id, scopes, owners, plans, from_address, user_agent, created_at, seen_at, expires_at, ended_at"
	loginLinkColumns    = "id, name, scopes, owners, plans, created_by, token_id, created_at, expires_at, used_at"
	defaultSessionLimit = 1_000
)

// readSession reads sessionColumns.
func readSession(row Row) (session admin.SessionRecord) {
	session.ID, session.Name, session.Actor, session.Method, session.TokenID = row.ID(), row.Text(), row.Text(), admin.LoginMethod(row.Text()), row.OptionalID()
	session.Scopes, session.Owners, session.Plans = row.Texts(), row.Texts(), row.Texts()
	session.From, session.UserAgent = row.Text(), row.Text()
	session.CreatedAt, session.SeenAt, session.ExpiresAt, session.EndedAt = row.Time(), row.Time(), row.Time(), row.Time()
	return session
}

// readLoginLink reads loginLinkColumns.
func readLoginLink(row Row) admin.LoginLink {
	return admin.LoginLink{
		ID: row.ID(), For: row.Text(), Scopes: row.Texts(), Owners: row.Texts(), Plans: row.Texts(), CreatedBy: row.Text(), TokenID: row.OptionalID(),
		CreatedAt: row.Time(), ExpiresAt: row.Time(), UsedAt: row.Time(),
	}
}

// CreateLoginLink implements admin.Sessions.
func (s *Store) CreateLoginLink(ctx context.Context, link admin.LoginLink, digest ration.Digest, valid time.Duration, audit admin.AuditEntry) (admin.LoginLink, error) {
	link.ID = orNewID(link.ID)
	err := s.db.Write(ctx, "creating a login link", func(ctx context.Context, tx Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		link.CreatedAt, link.ExpiresAt = now, now.Add(valid)
		var b Batch
		b.AddOne(Meaning{}, "INSERT INTO login_links (digest, "+loginLinkColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			digest, link.ID, link.For, link.Scopes, link.Owners, link.Plans, link.CreatedBy, orNullID(link.TokenID), link.CreatedAt, link.ExpiresAt, nil)
		b.Audit(audit, now)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.LoginLink{}, err
	}
	return link, nil
}

// BeginSession implements admin.Sessions. The index sessions_open has the sessions that
// are counted, and a lock keeps others from counting meanwhile.
func (s *Store) BeginSession(ctx context.Context, link ration.Digest, begin func(*admin.SessionBegin) error) (record admin.SessionRecord, err error) {
	err = s.db.Write(ctx, "beginning a session", func(ctx context.Context, tx Tx) error {
		if err := tx.LockSessions(ctx); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		b := admin.SessionBegin{Now: now}
		if link != (ration.Digest{}) {
			if err := useLink(ctx, tx, link, &b); err != nil {
				return err
			}
		}
		b.Open, err = readSessions(ctx, tx, "SELECT "+sessionColumns+" FROM sessions WHERE ended_at IS NULL ORDER BY seen_at, id")
		if err != nil {
			return err
		}
		if err := begin(&b); err != nil {
			return err
		}
		session := &b.Session
		session.ID = orNewID(session.ID)
		session.CreatedAt, session.SeenAt, session.ExpiresAt, session.EndedAt = now, now, now.Add(admin.SessionDuration), time.Time{}
		var batch Batch
		for id, at := range b.End {
			batch.AddOne(Meaning{}, "UPDATE sessions SET ended_at = ? WHERE id = ?", at, id)
		}
		batch.AddOne(Meaning{}, "INSERT INTO sessions (digest, "+sessionColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			b.Digest, session.ID, session.Name, session.Actor, string(session.Method), orNullID(session.TokenID), session.Scopes, session.Owners, session.Plans,
			session.From, session.UserAgent, session.CreatedAt, session.SeenAt, session.ExpiresAt, nil)
		for _, audit := range b.Audit {
			batch.Audit(audit, now)
		}
		if err := tx.Run(ctx, &batch); err != nil {
			return err
		}
		record, err = sessionByID(ctx, tx, session.ID)
		return err
	})
	if err != nil {
		return admin.SessionRecord{}, err
	}
	return record, nil
}

// useLink uses a login link up, by the unique index of digest. Of two transactions, the
// second waits for the first, and then finds the link used.
func useLink(ctx context.Context, tx Tx, digest ration.Digest, begin *admin.SessionBegin) error {
	found := false
	err := tx.Query(ctx, "UPDATE login_links SET used_at = ? WHERE digest = ? AND used_at IS NULL AND expires_at > ? RETURNING "+loginLinkColumns,
		func(row Row) { begin.Link, found = readLoginLink(row), true }, begin.Now, digest, begin.Now)
	if err == nil && !found {
		err = admin.ErrLoginLinkInvalid
	}
	if err != nil || begin.Link.TokenID == uuid.Nil {
		return err
	}
	tokens, err := tokensByID(ctx, tx, begin.Link.TokenID)
	begin.LinkToken = tokens[begin.Link.TokenID]
	return err
}

// ListSessions implements admin.Sessions. The primary key is the order, and sessions are
// kept for a time.
func (s *Store) ListSessions(ctx context.Context, filter admin.SessionFilter) (sessions []admin.SessionRecord, now time.Time, err error) {
	by := order{[]string{"id"}, true}
	err = s.db.Read(ctx, "listing sessions", func(ctx context.Context, r Reader) error {
		if now, err = r.Now(ctx); err != nil {
			return err
		}
		var where Where
		if !filter.Over {
			where.Always("ended_at IS NULL")
			where.And("expires_at > ? AND seen_at > ?", now, now.Add(-admin.SessionIdle))
			where.And(`(token_id IS NULL OR EXISTS (SELECT 1 FROM admin_tokens t
				WHERE t.id = sessions.token_id AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)))`, now)
		}
		if filter.After != uuid.Nil {
			where.after(by, filter.After)
		}
		sessions, err = readSessions(ctx, r, "SELECT "+sessionColumns+" FROM sessions"+where.SQL()+by.SQL()+" LIMIT ?",
			where.With(LimitOr(filter.Limit, defaultSessionLimit))...)
		return err
	})
	return sessions, now, err
}

// EndSession implements admin.Sessions, by the primary key.
func (s *Store) EndSession(ctx context.Context, id uuid.UUID, links bool, audit admin.AuditEntry) (session admin.SessionRecord, now time.Time, err error) {
	err = s.db.Write(ctx, "ending a session", func(ctx context.Context, tx Tx) error {
		if now, err = tx.Now(ctx); err != nil {
			return err
		}
		ended := false
		err := tx.Query(ctx, "UPDATE sessions SET ended_at = ? WHERE id = ? AND ended_at IS NULL RETURNING id", func(row Row) { ended = row.ID() == id }, now, id)
		if err != nil {
			return err
		}
		if session, err = sessionByID(ctx, tx, id); err != nil {
			return err
		}
		var b Batch
		if ended {
			b.Audit(audit, now)
		}
		if links {
			b.Add("UPDATE login_links SET expires_at = ? WHERE created_by = ? AND used_at IS NULL AND expires_at > ?", now, session.Actor, now)
		} else if !ended {
			return admin.ErrUnchanged // session is the answer
		}
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.SessionRecord{}, time.Time{}, err
	}
	return session, now, nil
}

// SessionsByDigest implements admin.SessionChecks, by the unique index of digest.
func (s *Store) SessionsByDigest(ctx context.Context, digests []ration.Digest) (sessions []admin.SessionRecord, now time.Time, err error) {
	sessions = make([]admin.SessionRecord, len(digests))
	err = s.db.Read(ctx, "reading sessions", func(ctx context.Context, r Reader) error {
		if now, err = r.Now(ctx); err != nil || len(digests) == 0 {
			return err
		}
		values := make([]any, len(digests))
		for i, digest := range digests {
			values[i] = digest
		}
		found := make(map[ration.Digest]admin.SessionRecord, len(digests))
		var order []ration.Digest
		records, err := readSessionsWith(ctx, r, func(row Row) { order = append(order, row.Digest()) },
			"SELECT digest, "+sessionColumns+" FROM sessions WHERE digest IN (?"+strings.Repeat(", ?", len(digests)-1)+")", values...)
		if err != nil {
			return err
		}
		for i, record := range records {
			found[order[i]] = record
		}
		for i, digest := range digests {
			sessions[i] = found[digest]
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return sessions, now, nil
}

// NoteSessionsSeen implements admin.SessionChecks, by the primary key. A time ahead of at,
// which a clock that was ahead has left, gives way.
func (s *Store) NoteSessionsSeen(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	return s.db.Write(ctx, "noting that sessions were seen", func(ctx context.Context, tx Tx) error {
		var b Batch
		for _, id := range ids {
			b.Add("UPDATE sessions SET seen_at = ? WHERE id = ? AND ended_at IS NULL AND (seen_at <= ? OR seen_at > ?)", at, id, at.Add(-admin.TokenUseInterval), at)
		}
		return tx.Run(ctx, &b)
	})
}

func sessionByID(ctx context.Context, r Reader, id uuid.UUID) (admin.SessionRecord, error) {
	sessions, err := readSessions(ctx, r, "SELECT "+sessionColumns+" FROM sessions WHERE id = ?", id)
	switch {
	case err != nil:
		return admin.SessionRecord{}, err
	case len(sessions) == 0:
		return admin.SessionRecord{}, fmt.Errorf("session %s: %w", id, ration.ErrNotFound)
	}
	return sessions[0], nil
}

func readSessions(ctx context.Context, r Reader, sql string, args ...any) ([]admin.SessionRecord, error) {
	return readSessionsWith(ctx, r, func(Row) {}, sql, args...)
}

// readSessionsWith reads sessions and then their tokens. First reads the columns before
// those of a session.
func readSessionsWith(ctx context.Context, r Reader, first func(Row), sql string, args ...any) (sessions []admin.SessionRecord, err error) {
	var ids []uuid.UUID
	seen := make(map[uuid.UUID]bool)
	err = r.Query(ctx, sql, func(row Row) {
		first(row)
		session := readSession(row)
		sessions = append(sessions, session)
		if id := session.TokenID; id != uuid.Nil && !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}, args...)
	if err != nil {
		return nil, err
	}
	tokens, err := tokensByID(ctx, r, ids...)
	for i := range sessions {
		sessions[i].Token = tokens[sessions[i].TokenID]
	}
	return sessions, err
}

// tokensByID reads tokens by the primary key.
func tokensByID(ctx context.Context, r Reader, ids ...uuid.UUID) (map[uuid.UUID]admin.Token, error) {
	tokens := make(map[uuid.UUID]admin.Token, len(ids))
	if len(ids) == 0 {
		return tokens, nil
	}
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = id
	}
	err := r.Query(ctx, "SELECT "+TokenColumns+" FROM admin_tokens WHERE id IN (?"+strings.Repeat(", ?", len(ids)-1)+")", func(row Row) {
		token := ReadToken(row)
		tokens[token.ID] = token
	}, values...)
	return tokens, err
}
