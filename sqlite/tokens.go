package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// By the unique index of digest.
var tokensByDigest = newListQuery("SELECT digest, " + sqladmin.TokenColumns + " FROM admin_tokens WHERE digest IN (?)")

// TokensByDigest implements admin.TokenChecks.
func (s *Store) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	known := make(map[ration.Digest]admin.Token, len(digests))
	var now time.Time
	err := s.read(ctx, func(conn *conn) error {
		now = s.now()
		return queryList(ctx, conn, tokensByDigest, digestBlobs(digests), func(r *row) error {
			columns := &columns{row: r}
			known[columns.Digest()] = sqladmin.ReadToken(columns)
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

// By the unique index of digest.
var validityByDigest = newListQuery("SELECT digest, expires_at, revoked_at FROM admin_tokens WHERE digest IN (?)")

// readTokensOf reads the tokens that items name, unless it remembers them.
func (tx *tx) readTokensOf(ctx context.Context, items []ration.Item) (ledger.Tokens, error) {
	tokens := ledger.TokensOf(items)
	var others []ration.Digest
	for _, digest := range tokens.Digests() {
		if token, known := tx.memory.tokens[digest]; known {
			tokens.Take(digest, token.expiresAt, token.revokedAt, tx.now)
		} else {
			others = append(others, digest)
		}
	}
	err := queryList(ctx, tx.conn, validityByDigest, digestBlobs(others), func(r *row) error {
		columns := &columns{row: r}
		digest, token := columns.Digest(), validity{expiresAt: columns.Time(), revokedAt: columns.Time()}
		tokens.Take(digest, token.expiresAt, token.revokedAt, tx.now)
		tx.memory.addToken(digest, token)
		return nil
	})
	if err != nil {
		return tokens, fmt.Errorf("reading the tokens of a batch: %w", err)
	}
	return tokens, nil
}
