package sqlite

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
)

// By the primary key of secret_digests.
var digestRefs = newListQuery("SELECT digest, api_key_id, secret_id FROM secret_digests WHERE digest IN (?)")

// ResolveDigests implements ration.Store.
func (s *Store) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	known := make(map[ration.Digest]ration.SecretRef, len(digests))
	err := s.read(ctx, func(conn *conn) error {
		return queryList(ctx, conn, digestRefs, digestBlobs(digests), func(r *row) error {
			known[r.digest(0)] = ration.SecretRef{KeyID: ration.KeyID(r.id(1)), SecretID: ration.SecretID(r.id(2))}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("resolving secrets: %w", err)
	}
	refs := make([]ration.SecretRef, len(digests))
	for i, digest := range digests {
		refs[i] = known[digest]
	}
	return refs, nil
}

func digestBlobs(digests []ration.Digest) [][]byte {
	blobs := make([][]byte, len(digests))
	for i := range digests {
		blobs[i] = digests[i][:]
	}
	return blobs
}

func (r *row) digest(column int) (digest ration.Digest) {
	value, ok := r.values[column].([]byte)
	if !ok || copy(digest[:], value) != len(digest) {
		r.fail(column)
	}
	return digest
}
