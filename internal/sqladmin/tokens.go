package sqladmin

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// TokenColumns are what [ReadToken] reads.
const TokenColumns = "id, name, scopes, owners, plans, starts_with, ends_with, created_at, expires_at, revoked_at, last_used_at" //nolint:gosec // names of columns

// ReadToken reads TokenColumns.
func ReadToken(row Row) admin.Token {
	return admin.Token{
		ID: row.ID(), Name: row.Text(), Scopes: row.Texts(), Owners: row.Texts(), Plans: row.Texts(), Start: row.Text(), End: row.Text(),
		CreatedAt: row.Time(), ExpiresAt: row.Time(), RevokedAt: row.Time(), LastUsedAt: row.Time(),
	}
}

// CreateToken implements admin.Tokens. It gives the token an id if it has none.
func (s *Store) CreateToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (created admin.Token, err error) {
	token.ID = orNewID(token.ID)
	err = s.writeOnce(ctx, "creating a token", func(ctx context.Context, tx Tx) error {
		if err := insertToken(ctx, tx, token, digest, audit); err != nil {
			return err
		}
		return tx.Query(ctx, "SELECT "+TokenColumns+" FROM admin_tokens WHERE id = ?", func(row Row) { created = ReadToken(row) }, token.ID)
	}, func() any { return created })
	if err != nil {
		return admin.Token{}, err
	}
	return created, nil
}

// CreateFirstToken implements admin.Tokens. There are few tokens, so all are read. Of two
// that find none, the unique index admin_tokens_name refuses one.
func (s *Store) CreateFirstToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (made bool, err error) {
	token.ID = orNewID(token.ID)
	err = s.db.Write(ctx, "creating the first token", func(ctx context.Context, tx Tx) error {
		made = false
		tokens, err := readTokens(ctx, tx, admin.TokenFilter{})
		switch {
		case err != nil:
			return err
		case admin.HasAdmin(tokens):
			return admin.ErrUnchanged
		}
		made = true
		return insertToken(ctx, tx, token, digest, audit)
	})
	return made && err == nil, err
}

func insertToken(ctx context.Context, tx Tx, token admin.Token, digest ration.Digest, audit admin.AuditEntry) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	var b Batch
	taken := Meaning{Taken: fmt.Errorf("token %q: %w", token.Name, ration.ErrExists)}
	b.AddOne(taken, "INSERT INTO admin_tokens (digest, "+TokenColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		digest, token.ID, token.Name, token.Scopes, token.Owners, token.Plans, token.Start, token.End,
		now, orNull(token.ExpiresAt), orNull(token.RevokedAt), nil)
	b.Audit(audit, now)
	return tx.Run(ctx, &b)
}

// RevokeToken implements admin.Tokens. The index admin_tokens_name serves it, and
// jobs_unfinished. A job that is created meanwhile waits: a step of it could find the token
// not revoked yet, and end after this.
func (s *Store) RevokeToken(ctx context.Context, name string, audit admin.AuditEntry) (token admin.Token, err error) {
	err = s.db.Write(ctx, "revoking a token", func(ctx context.Context, tx Tx) error {
		if err := tx.LockJobs(ctx); err != nil {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		found := false
		err = tx.Query(ctx, "UPDATE admin_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL RETURNING "+TokenColumns,
			func(row Row) { token, found = ReadToken(row), true }, now, name)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("token %q: %w", name, ration.ErrNotFound)
		}
		var b Batch
		b.cancelJobsOf(token.ID, now)
		b.Audit(audit, now)
		return tx.Run(ctx, &b)
	})
	if err != nil {
		return admin.Token{}, err
	}
	return token, nil
}

// ListTokens implements admin.Tokens.
func (s *Store) ListTokens(ctx context.Context, filter admin.TokenFilter) (tokens []admin.Token, err error) {
	err = s.db.Read(ctx, "listing tokens", func(ctx context.Context, r Reader) error {
		tokens, err = readTokens(ctx, r, filter)
		return err
	})
	return tokens, err
}

// readTokens sorts all tokens, which are few.
func readTokens(ctx context.Context, r Reader, filter admin.TokenFilter) (tokens []admin.Token, err error) {
	by, after := order{[]string{"created_at", "id"}, filter.Descending}, filter.After
	position := []any{after.CreatedAt, after.ID}
	if filter.ByName {
		by.columns[0], position[0] = r.Bytewise("name"), after.Name
	}
	var where Where
	if after.ID != uuid.Nil {
		where.after(by, position...)
	}
	err = r.Query(ctx, "SELECT "+TokenColumns+" FROM admin_tokens"+where.SQL()+by.SQL()+" LIMIT ?", func(row Row) {
		tokens = append(tokens, ReadToken(row))
	}, where.With(LimitOr(filter.Limit, int(AllRows)))...)
	return tokens, err
}

// NoteTokenUse implements admin.TokenChecks, by the primary key. A time ahead of at,
// which a clock that was ahead has left, gives way.
func (s *Store) NoteTokenUse(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	return s.db.Write(ctx, "noting the use of tokens", func(ctx context.Context, tx Tx) error {
		var b Batch
		for _, id := range ids {
			b.Add("UPDATE admin_tokens SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ? OR last_used_at > ?)",
				at, id, at.Add(-admin.TokenUseInterval), at)
		}
		return tx.Run(ctx, &b)
	})
}
