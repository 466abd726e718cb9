package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sqladmin"
)

// tokensSQL finds tokens; its first row has the time, found or not. The unique
// index of digest serves it.
const tokensSQL = `
SELECT ration_now(), digest, ` + sqladmin.TokenColumns + `
FROM (VALUES (1)) AS one (row) LEFT JOIN admin_tokens ON digest = ANY($1::bytea[])`

// validitySQL finds the tokens that items name, after the locks. The
// unique index of digest serves it.
const validitySQL = `SELECT digest, expires_at, revoked_at FROM admin_tokens WHERE digest = ANY($1::bytea[])`

// TokensByDigest implements admin.TokenChecks. Every call of a service needs it, so
// it shares the connection of ResolveDigests, and not the pool of reports.
func (s *Store) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	if !s.enter() {
		return nil, time.Time{}, errClosed
	}
	defer s.leave()
	known := make(map[ration.Digest]admin.Token, len(digests))
	var now time.Time
	err := s.lookUp(ctx, stmtTokens, func(r *row) {
		now = r.time()
		digest := ration.Digest(r.digest())
		known[digest] = sqladmin.ReadToken(columns{r})
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
