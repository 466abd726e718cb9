package admin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/rationadmin"
)

// walked is a store of keys that notes each look at them.
type walked struct {
	admin.Store
	keys []admin.Standing
	slow time.Duration // how long a look takes

	mu    sync.Mutex
	fail  func() error // nil: it does not
	looks []time.Time  // when they began
	walks []time.Time  // the first looks
}

func (w *walked) Standings(_ context.Context, after ration.KeyID, look int) (found admin.Standings, err error) {
	w.mu.Lock()
	fail := w.fail
	w.looks = append(w.looks, time.Now())
	if after.IsZero() {
		w.walks = append(w.walks, time.Now())
	}
	w.mu.Unlock()
	time.Sleep(w.slow)
	if fail != nil {
		if err := fail(); err != nil {
			return found, err
		}
	}
	found.Now = time.Now()
	at, _ := slices.BinarySearchFunc(w.keys, after, func(k admin.Standing, id ration.KeyID) int { return slices.Compare(k.ID[:], id[:]) })
	if !after.IsZero() {
		at++
	}
	found.Keys = slices.Clone(w.keys[at:min(at+look, len(w.keys))])
	if len(found.Keys) == look {
		found.Last = found.Keys[look-1].ID
	}
	return found, nil
}

// failing lets looks fail from now on, or no longer.
func (w *walked) failing(fail func() error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = fail
}

// began returns when looks and walks have begun.
func (w *walked) began() (looks, walks []time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.looks), slices.Clone(w.walks)
}

func (w *walked) ListMeters(context.Context, admin.NameFilter) ([]admin.Meter, error) {
	return nil, nil
}

// add makes active keys, of which the n-th has used n+1 of 1000 requests today.
func (w *walked) add(count int, configure func(n int, key *admin.Standing)) {
	limit, err := ration.ParseLimit("1000/day")
	if err != nil {
		panic(err)
	}
	day, ends := ration.PeriodAt(ration.PeriodDay, time.Now(), time.UTC)
	for n := range count {
		var key admin.Standing
		key.ID, key.Name, key.Status = ration.NewKeyID(), fmt.Sprint(n), ration.StatusActive
		key.Overrides = []ration.Override{{Limit: limit}}
		usage := ledger.MeterUsage{Meter: ration.MeterRequests, Used: int64(n + 1), LastRequestAt: time.Now()}
		usage.Windows[slices.Index(ration.WindowPeriods[:], ration.PeriodDay)] = ledger.Window{ID: day, EndsAt: ends, Used: int64(n + 1)}
		key.Usage = ledger.Usage{usage}
		if configure != nil {
			configure(n, &key)
		}
		w.keys = append(w.keys, key)
	}
}

// summary asks for everything.
func summary(t *testing.T, service *admin.Service) admin.Summary {
	t.Helper()
	found, err := service.Summary(t.Context(), admin.SummaryQuestion{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestASummaryIsMadeOnceForAllThatAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &walked{slow: time.Second}
		w.add(10, nil)
		service := admin.New(w, admin.Config{})
		var questions sync.WaitGroup
		for range 50 {
			questions.Go(func() {
				if found := summary(t, service); found.Keys != 10 || len(found.Top) != 10 || len(found.Near) != 10 || found.Age != time.Second {
					t.Errorf("%+v", found)
				}
			})
		}
		questions.Wait()
		if looks, _ := w.began(); len(looks) != 1 {
			t.Errorf("%d looks, want 1", len(looks))
		}
	})
}

func TestASummaryIsMadeEvery30SecondsWhileSomebodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &walked{slow: 100 * time.Millisecond}
		w.add(1, nil)
		service := admin.New(w, admin.Config{})
		began := time.Now()
		for range 300 {
			if found := summary(t, service); found.Age > 30*time.Second+w.slow || found.Age != time.Since(found.AsOf)+w.slow {
				t.Errorf("%s old, as of %s", found.Age, found.AsOf)
			}
			time.Sleep(time.Second)
		}
		_, walks := w.began()
		for i, at := range walks {
			if at.Sub(began) != time.Duration(i)*30*time.Second {
				t.Errorf("walk %d began after %s", i, at.Sub(began))
			}
		}
		if len(walks) < 10 || len(walks) > 11 {
			t.Errorf("%d walks in 5 minutes", len(walks))
		}
		asked := time.Now()
		time.Sleep(time.Hour)
		_, walks = w.began()
		if last := walks[len(walks)-1].Sub(asked); last > 10*time.Minute || last < 9*time.Minute {
			t.Errorf("the last walk was %s after the last question", last)
		}
		if found := summary(t, service); found.Age != w.slow {
			t.Errorf("an hour later it is %s old, and was not made anew", found.Age)
		}
	})
}

func TestASummaryOfManyKeysLeavesTimeForDecisions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &walked{slow: 200 * time.Millisecond}
		w.add(50_000, func(_ int, key *admin.Standing) { key.Usage = nil })
		service := admin.New(w, admin.Config{})
		began := time.Now()
		for {
			_, err := service.Summary(t.Context(), admin.SummaryQuestion{})
			if err == nil {
				break
			}
			var early *admin.SummaryError
			if !errors.As(err, &early) || early.RetryAfter < time.Second || !errors.Is(err, rationadmin.ErrSummaryBeingMade) {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 51*w.slow+50*w.slow { // a pause after each look but the last
			t.Errorf("the first summary took %s", took)
		}
		for range 100 {
			summary(t, service)
			time.Sleep(10 * time.Second)
		}
		looks, walks := w.began()
		busy := time.Duration(len(looks)) * w.slow
		if share := float64(busy) / float64(time.Since(began)); share > 0.1 {
			t.Errorf("it worked for %s of %s", busy, time.Since(began))
		}
		for i := range len(walks) - 1 {
			if between := walks[i+1].Sub(walks[i]); between != (51+50+10*51)*w.slow {
				t.Errorf("walk %d began %s after the one before", i+1, between)
			}
		}
	})
}

func TestWhoAsksFirstWaitsFor5Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &walked{slow: 12 * time.Second}
		w.add(1, nil)
		service := admin.New(w, admin.Config{})
		for range 2 {
			began := time.Now()
			var early *admin.SummaryError
			if _, err := service.Summary(t.Context(), admin.SummaryQuestion{}); !errors.As(err, &early) || time.Since(began) != 5*time.Second || early.RetryAfter != 5*time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		}
		began := time.Now()
		if found := summary(t, service); time.Since(began) != 2*time.Second || found.Age != w.slow {
			t.Errorf("after %s: %s old", time.Since(began), found.Age)
		}
		// A token with another reach has to wait for the rest, too.
		_, err := service.Within(admin.Reach{Owners: []string{"a"}}).Summary(t.Context(), admin.SummaryQuestion{})
		if early := (*admin.SummaryError)(nil); !errors.As(err, &early) || early.RetryAfter < 115*time.Second || early.RetryAfter > 116*time.Second {
			t.Errorf("another reach: %v", err)
		}
		began = time.Now()
		summary(t, service)
		if time.Since(began) != 0 {
			t.Error("a question waits although there is a summary")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = service.Within(admin.Reach{Owners: []string{"b"}}).Summary(ctx, admin.SummaryQuestion{})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who does not wait gets %v", err)
		}
	})
}

func TestASummaryThatFailsIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := fmt.Errorf("%w: away", ration.ErrStoreUnavailable)
		isAway := func() error { return away }
		w := &walked{slow: time.Millisecond}
		w.add(1, nil)
		service := admin.New(w, admin.Config{})
		w.failing(isAway)
		if _, err := service.Summary(t.Context(), admin.SummaryQuestion{}); !errors.Is(err, away) {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		if _, walks := w.began(); len(walks) != 1 {
			t.Errorf("%d walks for one question", len(walks))
		}
		w.failing(nil)
		first := summary(t, service)
		w.failing(isAway)
		time.Sleep(5 * time.Minute)
		if later := summary(t, service); !later.AsOf.Equal(first.AsOf) || later.Age < 5*time.Minute {
			t.Errorf("while the database is away: %s old, as of %s, not %s", later.Age, later.AsOf, first.AsOf)
		}
		w.failing(nil)
		time.Sleep(31 * time.Second)
		if later := summary(t, service); later.Age > 31*time.Second {
			t.Errorf("the database is back, and it is %s old", later.Age)
		}
		if _, walks := w.began(); len(walks) > 15 {
			t.Errorf("%d walks in 5 minutes and a half", len(walks))
		}
		w.failing(func() error { panic("a fault") })
		time.Sleep(31 * time.Second)
		summary(t, service)
		if _, err := admin.New(w, admin.Config{}).Summary(t.Context(), admin.SummaryQuestion{}); err == nil || errors.Is(err, rationadmin.ErrSummaryBeingMade) {
			t.Errorf("after a panic: %v", err)
		}
	})
}

func TestSummariesOfReaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &walked{slow: time.Millisecond}
		w.add(100, func(n int, key *admin.Standing) { key.Owner = fmt.Sprint(n % 50) })
		service := admin.New(w, admin.Config{})
		for round := range 3 {
			for owner := range 50 {
				found := summary(t, service.Within(admin.Reach{Owners: []string{"nobody", fmt.Sprint(owner)}}))
				if found.Keys != 2 || len(found.Top) != 2 || found.Top[0].Owner != fmt.Sprint(owner) || found.Near[1].Owner != fmt.Sprint(owner) {
					t.Errorf("round %d: owner %d sees %+v", round, owner, found)
				}
			}
		}
		kept := service.Within(admin.Reach{Owners: []string{"49", "nobody"}})
		began := time.Now()
		if summary(t, kept); time.Since(began) != 0 {
			t.Error("the same reach in another order is another one")
		}
		// However many there are, a walk is for at most 32 of them.
		if all := summary(t, service); all.Keys != 100 || len(all.Top) != 100 {
			t.Errorf("all: %+v", all)
		}
	})
}

func TestASummaryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := new(walked)
		w.add(250, func(n int, key *admin.Standing) {
			for m := range 60 {
				other := key.Usage[0]
				other.Meter = fmt.Sprintf("m%02d", (n+m)%70)
				key.Usage = append(key.Usage, other)
			}
		})
		service := admin.New(w, admin.Config{})
		found := summary(t, service)
		if len(found.Top) != 100 || len(found.Near) != 100 || len(found.Meters) != 50 || found.Keys != 250 {
			t.Fatalf("%d, %d, %d of %d", len(found.Top), len(found.Near), len(found.Meters), found.Keys)
		}
		if found.Meters[0] != ration.MeterRequests || found.Meters[49] != "m48" {
			t.Errorf("meters %v", found.Meters)
		}
		for i := range 100 {
			if name := fmt.Sprint(249 - i); found.Top[i].KeyName != name || found.Near[i].KeyName != name {
				t.Fatalf("rank %d: %s and %s, want %s", i, found.Top[i].KeyName, found.Near[i].KeyName, name)
			}
		}
		few, err := service.Summary(t.Context(), admin.SummaryQuestion{Meter: "m00", Limit: 3})
		if err != nil || len(few.Top) != 3 || len(few.Near) != 3 {
			t.Errorf("%+v, %v", few, err)
		}
		few.Top[0].Used[0].Units, few.Near[0].KeyName, few.Meters[0] = 0, "", ""
		if again, _ := service.Summary(t.Context(), admin.SummaryQuestion{Meter: "m00", Limit: 3}); again.Top[0].Used[0].Units == 0 || again.Near[0].KeyName == "" || again.Meters[0] == "" {
			t.Error("who asks can change the summary")
		}
		for _, wrong := range []admin.SummaryQuestion{{Limit: -1}, {Limit: 101}, {Meter: "A b"}} {
			if _, err := service.Summary(t.Context(), wrong); !errors.As(err, new(*ration.InvalidError)) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		none, err := service.Summary(t.Context(), admin.SummaryQuestion{Meter: "m69"})
		if err != nil || len(none.Top) != 0 || len(none.Near) != 100 {
			t.Errorf("a meter without ranks: %+v, %v", none, err)
		}
	})
}

func TestPercent(t *testing.T) {
	for _, row := range []struct{ size, remaining, want int64 }{
		{4, 3, 25}, {3, 1, 66}, {1000, 1, 99}, {1000, 0, 100}, {1, 0, 100}, {ration.MaxUnits, 1, 99}, {ration.MaxUnits, ration.MaxUnits - 1, 0}, {0, 0, 100},
	} {
		key := admin.NearKey{Limit: ration.LimitStatus{Limit: ration.Limit{Quantity: row.size}, Remaining: row.remaining}}
		if got := key.Percent(); int64(got) != row.want {
			t.Errorf("%d of %d remain: %d %%, want %d", row.remaining, row.size, got, row.want)
		}
	}
}

// BenchmarkRanker ranks keys with two meters and two limits.
func BenchmarkRanker(b *testing.B) {
	w := new(walked)
	tokens, _ := ration.ParseLimit("100000 tokens/month")
	w.add(1000, func(_ int, key *admin.Standing) {
		other := key.Usage[0]
		other.Meter = "tokens"
		key.Usage = append(key.Usage, other)
		key.Overrides = append(key.Overrides, ration.Override{Limit: tokens})
	})
	for b.Loop() {
		ranker := admin.NewRanker(w, []admin.Reach{{}}, 1000)
		for more := true; more; {
			more, _ = ranker.Next(b.Context())
		}
	}
}
