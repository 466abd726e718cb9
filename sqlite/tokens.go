package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
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
