package postgres

import (
	"context"
	"fmt"

	"github.com/ration-dev/ration"
)

// digestsSQL finds whose secrets digests are. The primary key serves it.
const digestsSQL = `SELECT digest, api_key_id, secret_id FROM secret_digests WHERE digest = ANY($1::bytea[])`

// ResolveDigests implements [ration.Store]. Error: [ration.ErrStoreUnavailable].
func (s *Store) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	if !s.enter() {
		return nil, errClosed
	}
	defer s.leave()
	found := make(map[ration.Digest]ration.SecretRef, len(digests))
	err := s.lookUp(ctx, stmtDigests, func(r *row) {
		digest := ration.Digest(r.digest())
		found[digest] = ration.SecretRef{KeyID: r.uuid(), SecretID: r.uuid()}
	}, digestsParam(digests))
	if err != nil {
		return nil, fmt.Errorf("resolving secrets: %w", unavailable(err))
	}
	refs := make([]ration.SecretRef, len(digests))
	for i, digest := range digests {
		refs[i] = found[digest]
	}
	return refs, nil
}

// lookUp reads on the connection for digests. A connection that idled may have
// died unnoticed, so a second one is tried.
func (s *Store) lookUp(ctx context.Context, st statement, each func(*row), params ...[]byte) error {
	var l *lane
	select {
	case l = <-s.resolver:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.resolver <- l }()
	for {
		fresh, err := l.connect(ctx)
		if err != nil {
			return err
		}
		err = l.readSingle(st, each, params)
		if err == nil || fresh || !isBroken(err) && !isTransient(err) {
			return err
		}
	}
}

func (r *row) digest() (digest [32]byte) {
	copy(digest[:], r.take(len(digest)))
	return digest
}

func digestsParam(digests []ration.Digest) []byte {
	param := newDigests()
	for i := range digests {
		param.addBytes(digests[i][:])
	}
	return param.param()
}
