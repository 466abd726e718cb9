package admin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/groupcommit"
)

// digestReads reads what the digests of secrets belong to. Questions that come while a
// read is under way wait for the next read and share it: so each answer comes from a read
// that began after its question.
type digestReads[T any] struct {
	*groupcommit.Batcher[ration.Digest, ration.Digest, recordRead[T]]
}

// recordRead is a record as it was read, zero if there is none, and the store's time.
type recordRead[T any] struct {
	record T
	now    time.Time
}

// newDigestReads takes what finds records, in the order of their digests, and how many one
// read finds at most.
func newDigestReads[T any](find func(context.Context, []ration.Digest) ([]T, time.Time, error), most int) digestReads[T] {
	return digestReads[T]{groupcommit.New(groupcommit.Config[ration.Digest, ration.Digest, recordRead[T]]{
		Key: func(digest ration.Digest) ration.Digest { return digest }, MaxItems: most,
		Commit: func(ctx context.Context, digests []ration.Digest) ([]recordRead[T], error) {
			found, now, err := find(ctx, digests)
			if err != nil {
				return nil, err
			}
			reads := make([]recordRead[T], len(found))
			for i, record := range found {
				reads[i] = recordRead[T]{record, now}
			}
			return reads, nil
		},
	})}
}
