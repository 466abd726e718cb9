package ration_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
)

// countingStore counts the secrets that are looked up, one by one.
type countingStore struct {
	fakeStore
	lookedUp atomic.Int64
	away     atomic.Bool
}

func (s *countingStore) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	s.lookedUp.Add(int64(len(digests)))
	if s.away.Load() {
		return nil, ration.ErrStoreUnavailable
	}
	return s.fakeStore.ResolveDigests(ctx, digests)
}

var (
	attacker = netip.MustParseAddr("203.0.113.7")
	neighbor = netip.MustParseAddr("203.0.113.8")
)

// TestGuessingCostsTheDatabaseNothing sends 50,000 well-formed secrets that nobody
// has from one address, while holders of keys go on at the same address.
func TestGuessingCostsTheDatabaseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen, unseen := ration.NewSecret("rk"), ration.NewSecret("rk")
		store := &countingStore{fakeStore: fakeStore{known: map[ration.Digest]ration.SecretRef{
			seen.Digest(nil): {KeyID: ration.NewKeyID()}, unseen.Digest(nil): {KeyID: ration.NewKeyID()},
		}}}
		engine := newEngine(t, store, ration.EngineConfig{})
		charge := func(secret ration.Secret, addr netip.Addr) ration.Decision {
			decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret, IP: addr})
			if err != nil {
				t.Error(err)
			}
			return decision
		}
		charge(seen, attacker)

		const callers, each = 50, 1000
		var unknown, unchecked atomic.Int64
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range each {
					switch decision := charge(ration.NewSecret("rk"), attacker); decision.Code {
					case ration.CodeKeyUnknown:
						unknown.Add(1)
					case ration.CodeKeyUnchecked:
						unchecked.Add(1)
						if decision.RetryAfter <= 0 || decision.RetryAfter > time.Second {
							t.Errorf("retry after %s", decision.RetryAfter)
						}
					default:
						t.Errorf("a guess got %s", decision.Code)
					}
					if decision := charge(seen, attacker); !decision.Allowed() {
						t.Errorf("a key that was seen got %s", decision.Code)
					}
				}
			})
		}
		group.Wait()
		if unknown.Load() != 20 || unchecked.Load() != callers*each-20 || store.lookedUp.Load() != 21 {
			t.Errorf("%d unknown, %d unchecked, %d look-ups", unknown.Load(), unchecked.Load(), store.lookedUp.Load())
		}
		if decision := charge(unseen, neighbor); !decision.Allowed() {
			t.Errorf("at another address, a key that was not seen yet got %s", decision.Code)
		}
	})
}

func TestKeyThatWasNotCheckedIsCheckedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := ration.NewSecret("rk")
		store := &fakeStore{known: map[ration.Digest]ration.SecretRef{secret.Digest(nil): {KeyID: ration.NewKeyID()}}}
		engine := newEngine(t, store, ration.EngineConfig{Unknown: ration.UnknownSecrets{Burst: 2}})
		for range 3 {
			_, _ = engine.Charge(t.Context(), ration.Charge{Secret: ration.NewSecret("rk"), IP: attacker})
		}
		decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret, IP: attacker})
		if err != nil || decision.Code != ration.CodeKeyUnchecked || !decision.KeyID.IsZero() || len(store.batches) != 0 {
			t.Fatalf("got %+v, %v, and %d batches", decision, err, len(store.batches))
		}
		time.Sleep(decision.RetryAfter)
		if decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret, IP: attacker}); err != nil || !decision.Allowed() {
			t.Errorf("after the time that was named: %+v, %v", decision, err)
		}
	})
}

func TestLookUpsThatFailForTheDatabaseCostNothing(t *testing.T) {
	store := &countingStore{}
	engine := newEngine(t, store, ration.EngineConfig{})
	store.away.Store(true)
	for range 100 {
		if _, err := engine.Charge(t.Context(), ration.Charge{Secret: ration.NewSecret("rk"), IP: attacker}); err == nil {
			t.Fatal("decided without a database")
		}
	}
	store.away.Store(false)
	if decision, err := engine.Charge(t.Context(), ration.Charge{Secret: ration.NewSecret("rk"), IP: attacker}); err != nil || decision.Code != ration.CodeKeyUnknown {
		t.Errorf("got %s, %v", decision.Code, err)
	}
}

// TestGuessesWithoutAnAddressAreBoundedInAll are those of services that say no ip.
func TestGuessesWithoutAnAddressAreBoundedInAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &countingStore{}
		engine := newEngine(t, store, ration.EngineConfig{Unknown: ration.UnknownSecrets{InAll: 10}})
		for range 1000 {
			if _, err := engine.Charge(t.Context(), ration.Charge{Secret: ration.NewSecret("rk")}); err != nil {
				t.Fatal(err)
			}
		}
		if store.lookedUp.Load() != 50 {
			t.Errorf("%d look-ups, want 50", store.lookedUp.Load())
		}
	})
}

func TestBoundsOfUnknownSecretsCanBeLifted(t *testing.T) {
	store := &countingStore{}
	engine := newEngine(t, store, ration.EngineConfig{Unknown: ration.UnknownSecrets{Burst: -1, InAll: -1}})
	for range 2000 {
		if _, err := engine.Charge(t.Context(), ration.Charge{Secret: ration.NewSecret("rk"), IP: attacker}); err != nil {
			t.Fatal(err)
		}
	}
	if store.lookedUp.Load() != 2000 {
		t.Errorf("%d look-ups, want 2000", store.lookedUp.Load())
	}
}
