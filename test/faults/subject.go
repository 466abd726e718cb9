package faults

import (
	"context"
	"fmt"
	"sync"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// subject is a key that is charged, and what its callers were answered.
type subject struct {
	id     ration.KeyID
	secret ration.Secret
	limit  int64 // lifetime quota of requests; 0: none

	mu    sync.Mutex
	units [outcomes]int64 // requests charged, by outcome
}

func (s *subject) note(o outcome, units int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.units[o] += units
}

func (s *subject) answered() [outcomes]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.units
}

// newSubjects creates keys; limit 0 means none.
func newSubjects(ctx context.Context, store admin.Store, count int, limit int64) ([]*subject, error) {
	operations := admin.New(store, admin.Config{})
	key := admin.NewKey{Name: "subject"}
	if limit > 0 {
		quota, err := ration.ParseLimit(fmt.Sprintf("%d/lifetime", limit))
		if err != nil {
			return nil, err
		}
		key.Overrides = []ration.Override{{Limit: quota}}
	}
	subjects := make([]*subject, count)
	for i := range subjects {
		issued, err := operations.CreateKey(ctx, "test", key)
		if err != nil {
			return nil, err
		}
		subjects[i] = &subject{id: issued.Key.ID, secret: issued.Secret, limit: limit}
	}
	return subjects, nil
}
