package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const tokenColumns = "id, name, scopes, starts_with, ends_with, created_at, expires_at, revoked_at, digest" //nolint:gosec // names of columns

// CreateToken implements admin.Tokens. It gives the token an id if it has none.
func (s *Store) CreateToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (created admin.Token, err error) {
	scopes, err := jsonText(token.Scopes, "[]")
	if err != nil {
		return admin.Token{}, err
	}
	if token.ID, err = orNewID(token.ID); err != nil {
		return admin.Token{}, err
	}
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		query := "INSERT INTO admin_tokens (" + tokenColumns + ") VALUES (?,?,?,?,?,?,?,?,?) RETURNING " + tokenColumns
		values := []any{
			blob(token.ID), token.Name, scopes, token.Start, token.End, micros(tx.now),
			optionalMicros(token.ExpiresAt), optionalMicros(token.RevokedAt), digest[:],
		}
		err := tx.query(ctx, query, values, func(r *row) error {
			created = r.token()
			return nil
		})
		switch {
		case isTaken(err):
			return fmt.Errorf("token %q: %w", token.Name, ration.ErrExists)
		case err != nil:
			return fmt.Errorf("writing token %q: %w", token.Name, err)
		case created.ID == uuid.Nil:
			return fmt.Errorf("writing token %q: %w", token.Name, withheld(0))
		}
		return tx.audit(ctx, audit)
	})
	if err != nil {
		return admin.Token{}, err
	}
	return created, nil
}

// RevokeToken implements admin.Tokens. By the index admin_tokens_name.
func (s *Store) RevokeToken(ctx context.Context, name string, audit admin.AuditEntry) (token admin.Token, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		query := "UPDATE admin_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL RETURNING " + tokenColumns
		err := tx.query(ctx, query, []any{micros(tx.now), name}, func(r *row) error {
			token = r.token()
			return nil
		})
		switch {
		case err != nil:
			return fmt.Errorf("revoking token %q: %w", name, err)
		case token.Name == "":
			return fmt.Errorf("token %q: %w", name, ration.ErrNotFound)
		}
		return tx.audit(ctx, audit)
	})
	if err != nil {
		return admin.Token{}, err
	}
	return token, nil
}

// ListTokens implements admin.Tokens.
func (s *Store) ListTokens(ctx context.Context) (tokens []admin.Token, err error) {
	query := "SELECT " + tokenColumns + " FROM admin_tokens ORDER BY created_at, id"
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, query, nil, func(r *row) error {
			tokens = append(tokens, r.token())
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	return tokens, nil
}

// By the unique index of digest.
var tokensByDigest = newListQuery("SELECT " + tokenColumns + " FROM admin_tokens WHERE digest IN (?)")

// TokensByDigest implements admin.Tokens.
func (s *Store) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	known := make(map[ration.Digest]admin.Token, len(digests))
	var now time.Time
	err := s.read(ctx, func(conn *conn) error {
		now = s.now()
		return queryList(ctx, conn, tokensByDigest, digestBlobs(digests), func(r *row) error {
			known[r.digest(8)] = r.token()
			return nil
		})
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading tokens: %w", err)
	}
	tokens := make([]admin.Token, len(digests))
	for i, digest := range digests {
		tokens[i] = known[digest]
	}
	return tokens, now, nil
}

// token reads tokenColumns but the digest.
func (r *row) token() admin.Token {
	token := admin.Token{
		ID: r.id(0), Name: r.text(1), Start: r.text(3), End: r.text(4),
		CreatedAt: r.time(5), ExpiresAt: r.time(6), RevokedAt: r.time(7),
	}
	r.json(2, &token.Scopes)
	return token
}
