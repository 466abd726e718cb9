package ration_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
)

// fakeStore admits everything. It records the batches it was given and, where
// gate is set, waits for it before it answers one.
type fakeStore struct {
	mu      sync.Mutex
	batches [][]ration.Item
	reads   int
	known   map[ration.Digest]ration.SecretRef
	gate    chan struct{}
	fail    func(ration.Batch) error
}

func (s *fakeStore) ResolveDigests(_ context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	refs := make([]ration.SecretRef, len(digests))
	for i, digest := range digests {
		refs[i] = s.known[digest]
	}
	return refs, nil
}

func (s *fakeStore) Charge(_ context.Context, batch ration.Batch) ([]ration.Decision, error) {
	s.mu.Lock()
	s.batches = append(s.batches, slices.Clone(batch.Items))
	s.mu.Unlock()
	if s.gate != nil {
		<-s.gate
	}
	if s.fail != nil {
		if err := s.fail(batch); err != nil {
			return nil, err
		}
	}
	decisions := make([]ration.Decision, len(batch.Items))
	for i, item := range batch.Items {
		decisions[i] = ration.Decision{Code: ration.CodeOK, KeyID: item.KeyID}
	}
	return decisions, nil
}

func (s *fakeStore) Reservations(context.Context, ration.ReservationFilter) ([]ration.Reservation, error) {
	return nil, nil
}

func (s *fakeStore) Ready(context.Context) error { return nil }
func (s *fakeStore) Lanes() int                  { return 1 }
func (s *fakeStore) Close() error                { return nil }

func newEngine(t *testing.T, store ration.Store, config ration.EngineConfig) *ration.Engine {
	t.Helper()
	engine := ration.NewEngine(store, config)
	t.Cleanup(func() {
		if err := engine.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return engine
}

func TestChargeFindsTheKeyOfASecretAndPassesNoSecretOn(t *testing.T) {
	secret := ration.NewSecret("rk")
	ref := ration.SecretRef{KeyID: ration.NewKeyID(), SecretID: ration.NewSecretID()}
	store := &fakeStore{known: map[ration.Digest]ration.SecretRef{secret.Digest(nil): ref}}
	engine := newEngine(t, store, ration.EngineConfig{})

	for range 2 {
		decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret})
		if err != nil || !decision.Allowed() || decision.KeyID != ref.KeyID {
			t.Fatalf("got %+v, %v", decision, err)
		}
	}
	if store.reads != 1 {
		t.Errorf("the digest was read %d times, want once", store.reads)
	}
	for _, batch := range store.batches {
		if got := batch[0]; !got.Charge.Secret.IsZero() || got.SecretID != ref.SecretID || got.KeyID != ref.KeyID || len(got.Charge.Amounts) != 1 {
			t.Errorf("the store got %+v", got)
		}
	}
}

// TestUnknownSecretIsReadEachTime, whatever its form: it may be imported a moment
// later, as a digest of which nobody knows the form.
func TestUnknownSecretIsReadEachTime(t *testing.T) {
	store := &fakeStore{}
	engine := newEngine(t, store, ration.EngineConfig{})
	unknown := ration.NewSecret("rk")
	for i, secret := range []ration.Secret{
		unknown, unknown, ration.SecretFromText(unknown.Reveal() + "x"), ration.SecretFromText("rk_4eC39HqLyjWDarjtT1zdp7dcaaaaaaaaaaaaaa"),
		ration.SecretFromText("rk_"), ration.SecretFromText("sugarai2024"),
	} {
		decision, err := engine.Charge(t.Context(), ration.Charge{Secret: secret})
		if err != nil || decision.Code != ration.CodeKeyUnknown {
			t.Errorf("secret %d: got %+v, %v", i, decision, err)
		}
		if store.reads != i+1 {
			t.Errorf("secret %d: %d reads, want %d", i, store.reads, i+1)
		}
	}
	if len(store.batches) != 0 {
		t.Errorf("%d batches for unknown secrets", len(store.batches))
	}
}

// slowReads takes a while to find whose secrets are.
type slowReads struct{ *fakeStore }

func (s slowReads) ResolveDigests(ctx context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	<-time.After(4 * time.Second)
	return s.fakeStore.ResolveDigests(ctx, digests)
}

func TestReadOfASecretAndItsChargeWaitNoLongerThanMaxWaitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret := ration.NewSecret("rk")
		ref := ration.SecretRef{KeyID: ration.NewKeyID(), SecretID: ration.NewSecretID()}
		store := &fakeStore{known: map[ration.Digest]ration.SecretRef{secret.Digest(nil): ref}, gate: make(chan struct{})}
		engine := newEngine(t, slowReads{store}, ration.EngineConfig{MaxWait: 5 * time.Second})
		defer close(store.gate)
		start := time.Now()
		_, err := engine.Charge(t.Context(), ration.Charge{Secret: secret})
		if took := time.Since(start); took != 5*time.Second || !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("after %s got %v", took, err)
		}
	})
}

func TestBadChargeIsRefusedBeforeItIsQueued(t *testing.T) {
	store := &fakeStore{}
	engine := newEngine(t, store, ration.EngineConfig{})
	_, err := engine.Charge(t.Context(), ration.Charge{KeyID: ration.NewKeyID(), Amounts: []ration.Amount{{Meter: "to\x00kens", Units: 1}}})
	if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || len(store.batches) != 0 {
		t.Errorf("got %v and %d batches", err, len(store.batches))
	}
}

func TestPoisonChargeFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		poison := ration.NewKeyID()
		guilt := errors.New("constraint violated")
		store := &fakeStore{gate: make(chan struct{}), fail: func(batch ration.Batch) error {
			if slices.ContainsFunc(batch.Items, func(i ration.Item) bool { return i.KeyID == poison }) {
				return guilt
			}
			return nil
		}}
		engine := newEngine(t, store, ration.EngineConfig{})
		errs := make(chan error, 20)
		charge := func(id ration.KeyID) {
			_, err := engine.Charge(context.Background(), ration.Charge{KeyID: id})
			errs <- err
		}
		go charge(ration.NewKeyID()) // holds the lane while the others queue
		synctest.Wait()
		for i := range 10 {
			id := ration.NewKeyID()
			if i == 3 {
				id = poison
			}
			go charge(id)
		}
		synctest.Wait()
		close(store.gate)
		synctest.Wait()
		failed := 0
		for range 11 {
			if err := <-errs; errors.Is(err, guilt) {
				failed++
			} else if err != nil {
				t.Errorf("an innocent charge got %v", err)
			}
		}
		if failed != 1 {
			t.Errorf("%d charges failed, want the guilty one", failed)
		}
	})
}

func TestErrorsSayWhetherAnythingMayHaveBeenCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{gate: make(chan struct{})}
		engine := newEngine(t, store, ration.EngineConfig{MaxWait: time.Second})
		results := make(chan error, 2)
		go func() {
			_, err := engine.Charge(context.Background(), ration.Charge{KeyID: ration.NewKeyID()})
			results <- err
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			_, err := engine.Charge(ctx, ration.Charge{KeyID: ration.NewKeyID()})
			results <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-results; !errors.Is(err, ration.ErrStoreUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("a charge withdrawn from the queue got %v", err)
		}
		if err := <-results; !errors.Is(err, ration.ErrOutcomeUnknown) {
			t.Errorf("a charge that was sent and not answered got %v", err)
		}
		close(store.gate)
		synctest.Wait()
	})
}

func TestWhatWasNotDecidedIsAnError(t *testing.T) {
	for code, want := range map[ration.Code]error{
		ration.CodeClockSuspect:     ration.ErrClockSuspect,
		ration.CodeStoreUnavailable: ration.ErrStoreUnavailable,
	} {
		t.Run(string(code), func(t *testing.T) {
			engine := newEngine(t, undecidedStore{&fakeStore{}, code}, ration.EngineConfig{})
			if _, err := engine.Charge(t.Context(), ration.Charge{KeyID: ration.NewKeyID()}); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

type undecidedStore struct {
	*fakeStore
	code ration.Code
}

func (s undecidedStore) Charge(context.Context, ration.Batch) ([]ration.Decision, error) {
	return []ration.Decision{{Code: s.code}}, nil
}

func TestClosedEngineRefuses(t *testing.T) {
	engine := ration.NewEngine(&fakeStore{}, ration.EngineConfig{})
	if err := engine.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Charge(t.Context(), ration.Charge{KeyID: ration.NewKeyID()})
	if !errors.Is(err, ration.ErrClosed) || !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestKeyBesideAHotKeyIsInTheNextBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &fakeStore{gate: make(chan struct{})}
		engine := newEngine(t, store, ration.EngineConfig{})
		hot, cold := ration.NewKeyID(), ration.NewKeyID()
		var callers sync.WaitGroup
		charge := func(id ration.KeyID) {
			callers.Go(func() { _, _ = engine.Charge(context.Background(), ration.Charge{KeyID: id}) })
		}
		for range 10_000 {
			charge(hot)
		}
		synctest.Wait()
		charge(cold)
		synctest.Wait()
		store.gate <- struct{}{} // answers the batch under way
		synctest.Wait()
		store.mu.Lock()
		next := store.batches[len(store.batches)-1]
		store.mu.Unlock()
		if !slices.ContainsFunc(next, func(i ration.Item) bool { return i.KeyID == cold }) {
			t.Errorf("the next batch of %d charges is without the other key's", len(next))
		}
		close(store.gate)
		callers.Wait()
	})
}
