package storetest_test

import (
	"context"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storetest"
)

// crash is how far the batches come that a crash hits.
type crash uint64

const (
	noCrash         crash = iota
	crashBefore           // nothing of it is there
	crashUnanswered       // it is there, and nobody is told
	crashAnswered         // right after the answer
	crashes               // their number
)

// crash plays a crash; the store goes on as what is left.
func (m *memory) crash(t *testing.T, store storetest.Store, point uint64, work func(context.Context, storetest.Store)) storetest.Store {
	crashed := func(crashing crash) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.crashing = crashing
	}
	crashed(crashBefore + crash(point)%(crashes-crashBefore))
	work(t.Context(), store)
	crashed(noCrash)
	return store
}

// afterCrash returns those accounts of a batch whose changes are there afterwards:
// all, but by a fault.
func (m *memory) afterCrash(accounts map[ration.KeyID]*ledger.Account) map[ration.KeyID]*ledger.Account {
	switch {
	case m.fault == losesAnswered && m.crashing == crashAnswered:
		return nil
	case m.fault == keepsHalf && m.crashing == crashUnanswered && len(accounts) > 1:
		for id := range accounts {
			delete(accounts, id)
			break
		}
	}
	return accounts
}
