package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const tokenColumns = "digest, id, name, scopes, starts_with, ends_with, created_at, expires_at, revoked_at" //nolint:gosec // names of columns

// tokensSQL finds tokens; its first row has the time, found or not. The unique
// index of digest serves it.
const tokensSQL = `
SELECT ration_now(), ` + tokenColumns + `
FROM (VALUES (1)) AS one (row) LEFT JOIN admin_tokens ON digest = ANY($1::bytea[])`

// CreateToken implements admin.Tokens. It gives the token an id if it has none.
func (s *Store) CreateToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (created admin.Token, err error) {
	if token.ID == uuid.Nil {
		token.ID = uuid.Must(uuid.NewV7())
	}
	err = s.write(ctx, "creating a token", func(ctx context.Context, t tx) error {
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		err = query(ctx, t, "INSERT INTO admin_tokens ("+tokenColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING "+tokenColumns,
			func(r *row) { _, created = r.token() },
			digest[:], [16]byte(token.ID), token.Name, append([]string{}, token.Scopes...), token.Start, token.End,
			now, orNull(token.ExpiresAt), orNull(token.RevokedAt))
		switch {
		case sqlState(err) == stateUnique:
			return fmt.Errorf("token %q: %w", token.Name, ration.ErrExists)
		case err != nil:
			return err
		case created.ID == uuid.Nil:
			return withheld(0)
		}
		return t.audit(ctx, audit, now)
	})
	if err != nil {
		return admin.Token{}, err
	}
	return created, nil
}

// RevokeToken implements admin.Tokens. The index admin_tokens_name serves it.
func (s *Store) RevokeToken(ctx context.Context, name string, audit admin.AuditEntry) (token admin.Token, err error) {
	err = s.write(ctx, "revoking a token", func(ctx context.Context, t tx) error {
		now, err := t.now(ctx)
		if err != nil {
			return err
		}
		found := false
		err = query(ctx, t, "UPDATE admin_tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING "+tokenColumns,
			func(r *row) { _, token = r.token(); found = true }, name, now)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("token %q: %w", name, ration.ErrNotFound)
		}
		return t.audit(ctx, audit, now)
	})
	if err != nil {
		return admin.Token{}, err
	}
	return token, nil
}

// ListTokens implements admin.Tokens.
func (s *Store) ListTokens(ctx context.Context) (tokens []admin.Token, err error) {
	err = s.read(ctx, "listing tokens", func(ctx context.Context, q querier) error {
		tokens = nil
		return query(ctx, q, "SELECT "+tokenColumns+" FROM admin_tokens ORDER BY created_at, id", func(r *row) {
			_, token := r.token()
			tokens = append(tokens, token)
		})
	})
	return tokens, err
}

// TokensByDigest implements admin.Tokens. It is on the way of every call of a
// service, so it shares the connection of ResolveDigests and not the reports' pool.
func (s *Store) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	if !s.enter() {
		return nil, time.Time{}, errClosed
	}
	defer s.leave()
	known := make(map[ration.Digest]admin.Token, len(digests))
	var now time.Time
	err := s.lookUp(ctx, stmtTokens, func(r *row) {
		now = r.time()
		digest, token := r.token()
		known[digest] = token
	}, digestsParam(digests))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading tokens: %w", unavailable(err))
	}
	tokens := make([]admin.Token, len(digests))
	for i, digest := range digests {
		tokens[i] = known[digest]
	}
	return tokens, now, nil
}

// token reads tokenColumns.
func (r *row) token() (ration.Digest, admin.Token) {
	digest := ration.Digest(r.digest())
	token := admin.Token{ID: r.uuid(), Name: r.text(), Scopes: r.texts(), Start: r.text(), End: r.text()}
	token.CreatedAt, token.ExpiresAt, token.RevokedAt = r.time(), r.time(), r.time()
	return digest, token
}
