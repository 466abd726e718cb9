package postgres

import (
	testflag "flag"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ration-dev/ration/internal/ledger"
)

// alwaysRecalling are stores whose batches are decided by what is remembered whenever that is enough.
var alwaysRecalling sync.Map

// In tests, every second batch that is remembered takes the way of those that are not, and
// what was remembered of its keys is held against what is read of them. Benchmarks measure
// the memory as it is.
func init() {
	var batches atomic.Int64
	mayRecall = func(s *Store) bool {
		if measured := testflag.Lookup("test.bench"); measured != nil && measured.Value.String() != "" {
			return true
		}
		_, always := alwaysRecalling.Load(s)
		return always || batches.Add(1)%2 == 0
	}
	recalled = func(b *work) {
		for i := range b.keys {
			if k := &b.keys[i]; k.account != nil && k.was != nil && k.rows[0] == k.was.row && k.versions == k.was.versions {
				if err := k.compare(); err != nil {
					panic(err)
				}
			}
		}
	}
}

// compare fails if something is remembered that is not so, although all rows are in the
// versions that are remembered.
func (k *keyWork) compare() error {
	if was, is := inUTC(k.was.usage), inUTC(k.usage[0]); !reflect.DeepEqual(was, is) {
		return fmt.Errorf("the usage of %s was remembered as\n%+v and is\n%+v", k.id, was, is)
	}
	was, is := k.was.policy, *k.policyRead
	was.Secrets, is.Secrets = nil, nil // which have no version, but are compared where they are used
	if !reflect.DeepEqual(was, is) {
		return fmt.Errorf("the policy of %s was remembered as\n%+v and is\n%+v", k.id, was, is)
	}
	return nil
}

func inUTC(usage ledger.MeterUsage) ledger.MeterUsage {
	utc := func(t *time.Time) { *t = t.UTC() }
	utc(&usage.FirstRequestAt)
	utc(&usage.LastRequestAt)
	for i := range usage.Windows {
		utc(&usage.Windows[i].EndsAt)
	}
	for i := range usage.Rates {
		utc(&usage.Rates[i].TAT)
	}
	usage.Shifted = slices.Clone(usage.Shifted)
	for i := range usage.Shifted {
		utc(&usage.Shifted[i].EndsAt)
	}
	usage.InFlight = 0
	return usage
}

// Remembered returns how many batches were as they were remembered, and how many were not.
func (s *Store) Remembered() (held, changed int64) {
	return s.memory.held.Load(), s.memory.changed.Load()
}

// AlwaysRecall makes the store's batches be decided by what is remembered whenever that is enough.
func (s *Store) AlwaysRecall() { alwaysRecalling.Store(s, true) }

// HearOfTimeline makes the store take a timeline for the highest one that was seen.
func (s *Store) HearOfTimeline(timeline uint32) error {
	return s.lineage.check(fmt.Sprintf("%s/%08X", s.lineage.system, timeline))
}

// RememberServerTime moves what is remembered of the server's own clock.
func (s *Store) RememberServerTime(by time.Duration) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.clock.serverNow = s.memory.clock.serverNow.Add(by)
}
