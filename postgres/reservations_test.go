package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// tokensPerDay is the plan that reservations are tested with.
var tokensPerDay = []string{"100/day", "1000 tokens/day"}

// reserving is a store with a key and a clock that stands still at noon.
type reserving struct {
	*database
	clock *fakeClock
	store *postgres.Store
	key   ration.KeyID
}

func newReserving(t *testing.T) *reserving {
	t.Helper()
	d := newDatabase(t)
	clock := newFakeClock(t, d, noon)
	store := d.open(t, postgres.Config{InstanceClock: clock.now})
	createPlan(t, store, "plan", tokensPerDay...)
	return &reserving{database: d, clock: clock, store: store, key: createKey(t, store, "plan")}
}

// charges sends items of the key as one batch.
func (r *reserving) charges(t *testing.T, items ...testbatch.Item) []ration.Decision {
	t.Helper()
	return r.chargesBy(t, r.store, items...)
}

func (r *reserving) chargesBy(t *testing.T, store ration.Store, items ...testbatch.Item) []ration.Decision {
	t.Helper()
	decisions, err := r.send(t, store, items...)
	if err != nil {
		t.Fatal(err)
	}
	return decisions
}

func (r *reserving) send(t *testing.T, store ration.Store, items ...testbatch.Item) ([]ration.Decision, error) {
	t.Helper()
	items = slices.Clone(items)
	for i := range items {
		if items[i].KeyID.IsZero() {
			items[i].KeyID = r.key
		}
	}
	return store.Charge(t.Context(), testbatch.Of(t, items...))
}

func wantCodes(t *testing.T, decisions []ration.Decision, want ...ration.Code) {
	t.Helper()
	if got := codesOf(decisions); !slices.Equal(got, want) {
		t.Fatalf("decided %v, want %v", got, want)
	}
}

// hold reserves tokens, for an hour.
func hold(id ration.ReservationID, tokens int64) testbatch.Item {
	return testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(tokens), Hold: &ration.Hold{ID: id, TTL: time.Hour, AtExpiry: ration.AtExpiryKeep}}}
}

func settle(id ration.ReservationID, tokens int64) testbatch.Item {
	return testbatch.Item{End: &ration.End{ID: id, Action: ration.EndSettle, Amounts: tokensOf(tokens), Overage: ration.OverageRefuse}}
}

func void(id ration.ReservationID) testbatch.Item {
	return testbatch.Item{End: &ration.End{ID: id, Action: ration.EndVoid, Overage: ration.OverageRefuse}}
}

func tokensOf(units int64) []ration.Amount { return []ration.Amount{{Meter: "tokens", Units: units}} }

// counts is what is recorded of a meter.
type counts struct{ Used, Reserved, DayUsed, DayReserved, MonthUsed, MonthReserved int64 }

func (r *reserving) want(t *testing.T, meter string, want counts) {
	t.Helper()
	var got counts
	row := r.conn.QueryRow(t.Context(), `
		SELECT used, reserved, day_used, day_reserved, month_used, month_reserved
		FROM key_usage WHERE api_key_id = $1 AND meter = $2`, [16]byte(r.key), meter)
	if err := row.Scan(&got.Used, &got.Reserved, &got.DayUsed, &got.DayReserved, &got.MonthUsed, &got.MonthReserved); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", meter, diff)
	}
}

// same is what is recorded where all of it is in the running periods.
func same(used, reserved int64) counts { return counts{used, reserved, used, reserved, used, reserved} }

// wantDay checks the history: what a day used, and what of it was given back.
func (r *reserving) wantDay(t *testing.T, meter, date string, used, givenBack int64) {
	t.Helper()
	var got [2]int64
	row := r.conn.QueryRow(t.Context(), "SELECT used, given_back FROM usage_days WHERE api_key_id = $1 AND meter = $2 AND date = $3", [16]byte(r.key), meter, date)
	if err := row.Scan(&got[0], &got[1]); err != nil {
		t.Fatal(err)
	}
	if got != [2]int64{used, givenBack} {
		t.Errorf("%s used %d %s and gave %d back, want %d and %d", date, got[0], meter, got[1], used, givenBack)
	}
}

func (r *reserving) stored(t *testing.T, id ration.ReservationID) ration.Reservation {
	t.Helper()
	found, err := r.store.Reservations(t.Context(), ration.ReservationFilter{KeyID: r.key, ID: id})
	if err != nil || len(found) != 1 {
		t.Fatalf("Reservations = %+v, %v", found, err)
	}
	return found[0]
}

func TestHoldReservesOnMetersThatHaveNoRowYet(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	id := ration.NewReservationID()
	decisions := r.charges(t, hold(id, 300))
	wantCodes(t, decisions, ration.CodeOK)
	r.want(t, "requests", same(0, 1))
	r.want(t, "tokens", same(0, 300))
	r.wantDay(t, "tokens", "2026-07-15", 0, 0)
	if diff := cmp.Diff(*decisions[0].Reservation, r.stored(t, id)); diff != "" {
		t.Errorf("told and stored (-told +stored):\n%s", diff)
	}
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(701)}}), ration.CodeQuotaExceeded)
}

func TestSettlingLessFreesTheRest(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	id := ration.NewReservationID()
	wantCodes(t, r.charges(t, hold(id, 300)), ration.CodeOK)
	decisions := r.charges(t, settle(id, 120))
	wantCodes(t, decisions, ration.CodeOK)
	r.want(t, "requests", same(1, 0))
	r.want(t, "tokens", same(120, 0))
	r.wantDay(t, "tokens", "2026-07-15", 120, 0)
	if diff := cmp.Diff(*decisions[0].Reservation, r.stored(t, id)); diff != "" {
		t.Errorf("told and stored (-told +stored):\n%s", diff)
	}
	wantCodes(t, r.charges(t, settle(id, 120), settle(id, 121), void(id), settle(ration.NewReservationID(), 1)),
		ration.CodeOK, ration.CodeReservationConflict, ration.CodeReservationConflict, ration.CodeReservationUnknown)
	r.want(t, "tokens", same(120, 0))
}

func TestVoidedReservationCountsNothing(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	id := ration.NewReservationID()
	wantCodes(t, r.charges(t, hold(id, 300), void(id)), ration.CodeOK, ration.CodeOK) // in one batch
	other := ration.NewReservationID()
	wantCodes(t, r.charges(t, hold(other, 300)), ration.CodeOK)
	wantCodes(t, r.charges(t, void(other)), ration.CodeOK)
	r.want(t, "requests", same(0, 0))
	r.want(t, "tokens", same(0, 0))
	for _, id := range []ration.ReservationID{id, other} {
		if got := r.stored(t, id); got.State != ration.ReservationVoided || !got.EndedAt.Equal(noon) || got.Settled != nil {
			t.Errorf("stored is %+v", got)
		}
	}
}

func TestSettlementBeyondWhatWasReservedMakesItsRow(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	id := ration.NewReservationID()
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Hold: hold(id, 0).Hold}}), ration.CodeOK)
	end := settle(id, 50)
	end.End.Overage = ration.OverageAllow
	wantCodes(t, r.charges(t, end), ration.CodeOK)
	r.want(t, "tokens", same(50, 0))
	r.wantDay(t, "tokens", "2026-07-15", 50, 0)
}

// A charge that has no room but for what is reserved and due ends that first, also
// on meters that it does not name.
func TestDenialEndsWhatIsDue(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	keep, release, open := ration.NewReservationID(), ration.NewReservationID(), ration.NewReservationID()
	released, later := hold(release, 400), hold(open, 100)
	released.Hold.AtExpiry, later.Hold.TTL = ration.AtExpiryRelease, 2*time.Hour
	for _, charge := range []*testbatch.Item{&released, &later} {
		charge.Amounts = append(charge.Amounts, ration.Amount{Meter: ration.MeterRequests, Units: 45})
	}
	kept := hold(keep, 200)
	kept.Amounts = append(kept.Amounts, ration.Amount{Meter: ration.MeterRequests, Units: 10})
	other := createKey(t, r.store, "plan")
	wantCodes(t, r.charges(t, released, later, kept), ration.CodeOK, ration.CodeOK, ration.CodeOK)
	wantCodes(t, r.charges(t, testbatch.Item{}), ration.CodeQuotaExceeded)

	r.clock.set(t, noon.Add(time.Hour))
	wantCodes(t, r.charges(t, testbatch.Item{}, testbatch.Item{Charge: ration.Charge{KeyID: other}}), ration.CodeOK, ration.CodeOK)
	r.want(t, "requests", same(11, 45))
	r.want(t, "tokens", same(200, 100))
	if used := r.used(t, other); used != 1 {
		t.Errorf("the other key of the batch has used %d, want 1", used)
	}
	for id, want := range map[ration.ReservationID]ration.ReservationState{
		keep: ration.ReservationExpired, release: ration.ReservationExpired, open: ration.ReservationOpen,
	} {
		if got := r.stored(t, id).State; got != want {
			t.Errorf("reservation is %s, want %s", got, want)
		}
	}
	wantCodes(t, r.charges(t, settle(keep, 150)), ration.CodeOK) // late
	r.wantDay(t, "tokens", "2026-07-15", 150, 50)
}

// Another key of the batch asks by the id of a reservation that is due, and for
// other meters, whose rows alone are read.
func TestWhatIsDueOfAKeyThatIsNotShortMayWait(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	other, id := createKey(t, r.store, "plan"), ration.NewReservationID()
	elsewhere := hold(id, 50)
	elsewhere.KeyID = other
	wantCodes(t, r.charges(t, hold(ration.NewReservationID(), 1000), elsewhere), ration.CodeOK, ration.CodeOK)
	r.clock.set(t, noon.Add(time.Hour))
	elsewhere.Amounts = nil
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(1)}}, elsewhere), ration.CodeQuotaExceeded, ration.CodeReservationConflict)
	r.want(t, "tokens", same(1000, 0))
}

func TestRepeatedChargeIsAnsweredAndNotCharged(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	charge := testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(10), Idempotency: &ration.Idempotency{Key: "one", About: "GET /"}}}
	another := charge
	another.Amounts = tokensOf(11)
	first := r.charges(t, charge, charge, another)
	wantCodes(t, first, ration.CodeOK, ration.CodeOK, ration.CodeIdempotencyMismatch)
	again := r.charges(t, charge, another)
	wantCodes(t, again, ration.CodeOK, ration.CodeIdempotencyMismatch)
	if first[0].Replayed || !first[1].Replayed || !again[0].Replayed {
		t.Error("replays are not marked as such")
	}
	if diff := cmp.Diff(first[0].Limits, again[0].Limits); diff != "" {
		t.Errorf("the answer differs (-first +again):\n%s", diff)
	}
	r.want(t, "tokens", same(10, 0))

	held := hold(ration.NewReservationID(), 20)
	held.Idempotency = &ration.Idempotency{Key: "two"}
	made := r.charges(t, held)[0].Reservation
	held.Hold = &ration.Hold{ID: ration.NewReservationID(), TTL: time.Hour, AtExpiry: ration.AtExpiryKeep}
	if diff := cmp.Diff(made, r.charges(t, held)[0].Reservation); diff != "" {
		t.Errorf("the reservation differs (-first +again):\n%s", diff)
	}
	r.want(t, "tokens", same(10, 20))

	r.clock.set(t, noon.Add(ration.IdempotencyRetention))
	wantCodes(t, r.charges(t, another), ration.CodeOK) // and takes the place of the first
	r.want(t, "tokens", counts{Used: 21, Reserved: 20, DayUsed: 11, MonthUsed: 21, MonthReserved: 20})
}

func TestRefundGoesToTheDayOfItsCharge(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	charge := testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(30), Refundable: true, Idempotency: &ration.Idempotency{Key: "one"}}}
	receipt := r.charges(t, charge)[0].Receipt
	r.clock.set(t, noon.Add(13*time.Hour))
	wantCodes(t, r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(5)}}, testbatch.Item{Refund: receipt}), ration.CodeOK, ration.CodeOK)
	r.want(t, "requests", same(1, 0))
	r.want(t, "tokens", same(5, 0))
	r.wantDay(t, "tokens", "2026-07-15", 0, 30)
	r.wantDay(t, "tokens", "2026-07-16", 5, 0)
	if again := r.charges(t, charge)[0]; again.Code != ration.CodeOK || again.Replayed {
		t.Errorf("what was given back is remembered: %+v", again)
	}
	refunds := slices.Repeat([]testbatch.Item{{Refund: receipt}}, 10)
	decisions := r.charges(t, refunds...)
	wantCodes(t, decisions[1:3], ration.CodeOK, ration.CodeRefundsExhausted) // of the 100 tokens 30 were given back before
}

// One batch counts today, settles what yesterday reserved and voids today's.
func TestBatchOverTwoDays(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	yesterdays, todays := ration.NewReservationID(), ration.NewReservationID()
	held := hold(yesterdays, 300)
	held.Hold.TTL = 24 * time.Hour
	wantCodes(t, r.charges(t, held), ration.CodeOK)
	r.clock.set(t, noon.Add(13*time.Hour))
	wantCodes(t, r.charges(t, hold(todays, 40)), ration.CodeOK)
	r.want(t, "tokens", counts{Reserved: 340, DayReserved: 40, MonthReserved: 340})

	decisions := r.charges(t, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(7)}}, settle(yesterdays, 100), void(todays), testbatch.Item{})
	wantCodes(t, decisions, ration.CodeOK, ration.CodeOK, ration.CodeOK, ration.CodeOK)
	r.want(t, "requests", counts{Used: 3, DayUsed: 2, MonthUsed: 3})
	r.want(t, "tokens", counts{Used: 107, DayUsed: 7, MonthUsed: 107})
	r.wantDay(t, "tokens", "2026-07-15", 100, 0)
	r.wantDay(t, "tokens", "2026-07-16", 7, 0)
}

func TestLostAnswersSettleOnce(t *testing.T) {
	t.Parallel()
	for _, at := range allCuts {
		t.Run(at.String(), func(t *testing.T) {
			t.Parallel()
			r := newReserving(t)
			w := testdb.NewWire(t, r.url)
			store := (&database{url: w.DSN()}).open(t, postgres.Config{InstanceClock: r.clock.now})
			id, due := ration.NewReservationID(), ration.NewReservationID()
			wantCodes(t, r.chargesBy(t, store, hold(id, 500), hold(due, 400)), ration.CodeOK, ration.CodeOK)
			w.CutNext(at, 1)
			wantCodes(t, r.chargesBy(t, store, settle(id, 20), testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(3)}}), ration.CodeOK, ration.CodeOK)
			r.want(t, "tokens", same(23, 400))
			r.clock.set(t, noon.Add(time.Hour))
			w.CutNext(at, 1)
			wantCodes(t, r.chargesBy(t, store, testbatch.Item{Charge: ration.Charge{Amounts: tokensOf(600)}}), ration.CodeQuotaExceeded)
			r.want(t, "tokens", same(423, 0))
			if cuts := w.Cuts(at); cuts != 2 {
				t.Errorf("%d cuts, want 2", cuts)
			}
		})
	}
}

func TestStuckKeyKeepsItsReservations(t *testing.T) {
	t.Parallel()
	r := newReserving(t)
	other := createKey(t, r.store, "plan")
	id := ration.NewReservationID()
	wantCodes(t, r.charges(t, hold(id, 500)), ration.CodeOK)
	release := lockForGood(t, r.database, r.key)
	elsewhere := hold(ration.NewReservationID(), 10)
	elsewhere.KeyID = other
	for range 2 {
		wantCodes(t, r.charges(t, settle(id, 20), elsewhere, hold(ration.NewReservationID(), 1)), ration.CodeStoreUnavailable, ration.CodeOK, ration.CodeStoreUnavailable)
	}
	release()
	r.want(t, "tokens", same(0, 500))
	wantCodes(t, r.charges(t, settle(id, 20)), ration.CodeOK)
	r.want(t, "tokens", same(20, 0))
}
