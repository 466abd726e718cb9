package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// noon is a Wednesday in the middle of a month.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

var equateEmpty = cmpopts.EquateEmpty()

func amount(meter string, units int64) ration.Amount {
	return ration.Amount{Meter: meter, Units: units}
}

// account is a key's policy and usage in a test, charged one by one.
type account struct {
	t      *testing.T
	policy ledger.Policy
	usage  ledger.Usage
	now    time.Time
}

func newAccount(t *testing.T, limits ...string) *account {
	t.Helper()
	plan := ration.Plan{Name: "test"}
	for _, text := range limits {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		plan.Limits = append(plan.Limits, limit)
	}
	plan, err := plan.Normalize()
	if err != nil {
		t.Fatal(err)
	}
	key := ration.Key{ID: ration.NewKeyID(), Name: "test", Status: ration.StatusActive, Plan: plan.Name}
	policy, err := ledger.NewPolicy(key, ledger.Plans{Now: plan}, nil, nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	return &account{t: t, policy: policy, now: noon}
}

func (a *account) charge(amounts ...ration.Amount) ration.Decision {
	a.t.Helper()
	charge, err := ration.Charge{KeyID: a.policy.Key.ID, Amounts: amounts}.Normalize()
	if err != nil {
		a.t.Fatal(err)
	}
	decision, changes := ledger.Decide(&a.policy, a.usage, &charge, ration.SecretID{}, ledger.Clock{Now: a.now})
	a.usage = a.usage.Apply(changes)
	return decision
}

// allow charges n requests and wants them admitted with so many remaining on the first limit.
func (a *account) allow(n, remaining int64) {
	a.t.Helper()
	d := a.charge(ration.Amount{Meter: ration.MeterRequests, Units: n})
	if !d.Allowed() || d.Limits[0].Remaining != remaining {
		a.t.Fatalf("charging %d: got %s with %+v, want ok with %d remaining", n, d.Code, d.Limits, remaining)
	}
}

// deny charges n requests and wants a code and a time to wait.
func (a *account) deny(n int64, code ration.Code, retryAfter time.Duration) {
	a.t.Helper()
	d := a.charge(ration.Amount{Meter: ration.MeterRequests, Units: n})
	if d.Code != code || d.RetryAfter != retryAfter {
		a.t.Fatalf("charging %d: got %s, retry after %s; want %s, %s", n, d.Code, d.RetryAfter, code, retryAfter)
	}
}

func TestQuotaAdmitsUpToItsQuantityAndAgainInTheNextPeriod(t *testing.T) {
	a := newAccount(t, "3/day")
	a.allow(1, 2)
	a.allow(2, 0)
	a.deny(1, ration.CodeQuotaExceeded, 12*time.Hour)
	a.deny(4, ration.CodeCostExceedsLimit, 0)
	a.allow(0, 0)
	a.now = a.now.Add(12 * time.Hour)
	a.allow(1, 2)
}

func TestRateIsExactForPeriodsThatDoNotDivide(t *testing.T) {
	a := newAccount(t, "3/second")
	a.allow(1, 2)
	a.allow(1, 1)
	a.allow(1, 0)
	a.deny(1, ration.CodeRateExceeded, 333334*time.Microsecond)
	a.now = a.now.Add(333333 * time.Microsecond)
	a.deny(1, ration.CodeRateExceeded, time.Microsecond)
	a.now = a.now.Add(time.Microsecond)
	a.allow(1, 0)
	a.now = a.now.Add(time.Second)
	a.allow(3, 0)
}

func TestDenialNamesTheLimitThatWaitsLongest(t *testing.T) {
	a := newAccount(t, "1/second", "2/day", "100/month")
	a.allow(1, 0)
	a.deny(1, ration.CodeRateExceeded, time.Second)
	a.now = a.now.Add(time.Second)
	a.allow(1, 0)
	a.deny(1, ration.CodeQuotaExceeded, 12*time.Hour-time.Second)
}

func TestDeniedRateComesBackWhenItSaid(t *testing.T) {
	for _, row := range []struct {
		name          string
		before, after string
		jump          time.Duration // of the clock after the bucket was emptied
		wait          time.Duration
	}{
		{"after the clock was ahead", "2/minute", "2/minute", -24 * time.Hour, 30 * time.Second},
		{"after the clock was ahead by centuries", "2/minute", "2/minute", -200 * 8766 * time.Hour, 30 * time.Second},
		{"after the rate was raised", "1/minute burst 60", "60/minute", 0, time.Second},
		{"after the rate was lowered", "60/minute", "1/minute", 0, time.Hour},
		{"after the burst was lowered", "10/minute burst 100", "10/minute", 0, 546 * time.Second},
		{"after both, by a clock that was ahead", "60/minute burst 100", "30/minute", -time.Hour, 142 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t, row.before)
			a.allow(a.policy.Limits[0].Size(), 0)
			a.now = a.now.Add(row.jump)
			a.policy.Limits, a.policy.ChangedAt = newAccount(t, row.after).policy.Limits, a.now
			a.deny(1, ration.CodeRateExceeded, row.wait)
			a.now = a.now.Add(row.wait - time.Microsecond)
			a.deny(1, ration.CodeRateExceeded, time.Microsecond)
			a.now = a.now.Add(time.Microsecond)
			a.allow(1, 0)
		})
	}
}

func TestDenialTellsTheWorst(t *testing.T) {
	ask := func(n, tokens int64) []ration.Amount {
		return []ration.Amount{{Meter: ration.MeterRequests, Units: n}, {Meter: "tokens", Units: tokens}}
	}
	for _, row := range []struct {
		name   string
		limits []string
		used   []ration.Amount
		ask    []ration.Amount
		code   ration.Code
		wait   time.Duration
	}{
		{"what never fits before what never comes back", []string{"1/lifetime", "5 tokens/day"}, ask(1, 0), ask(1, 6), ration.CodeCostExceedsLimit, 0},
		{"what never comes back before what does", []string{"1/day", "1 tokens/lifetime"}, ask(1, 1), ask(1, 1), ration.CodeQuotaExceeded, 0},
		{"what never fits before what comes back", []string{"1/month", "5 tokens/second"}, ask(1, 0), ask(1, 6), ration.CodeCostExceedsLimit, 0},
		{"a slow rate before a quota that is soon over", []string{"2/minute burst 5000", "5000 tokens/day"}, ask(5000, 5000), ask(5000, 1), ration.CodeRateExceeded, 2500 * time.Minute},
		{"the longest of two quotas", []string{"1/day", "1/hour"}, ask(1, 0), ask(1, 0), ration.CodeQuotaExceeded, 12 * time.Hour},
		{"a meter that was not asked for says nothing", []string{"1/hour", "1 tokens/day"}, ask(0, 1), ask(1, 0), ration.CodeOK, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t, row.limits...)
			if first := a.charge(row.used...); !first.Allowed() {
				t.Fatalf("%s", first.Code)
			}
			if d := a.charge(row.ask...); d.Code != row.code || d.RetryAfter != row.wait {
				t.Errorf("%s, retry after %s; want %s, %s", d.Code, d.RetryAfter, row.code, row.wait)
			}
		})
	}
}

func TestStatusOfARate(t *testing.T) {
	a := newAccount(t, "3/second burst 6")
	status := func(units int64) ration.LimitStatus {
		return a.charge(ration.Amount{Meter: ration.MeterRequests, Units: units}).Limits[0]
	}
	for _, row := range []struct {
		units, used, remaining int64
		resets, available      time.Duration // from now; available 0: nothing is missing
	}{
		{0, 0, 6, 0, 0},
		{2, 2, 4, 666667 * time.Microsecond, 333334 * time.Microsecond},
		{4, 6, 0, 2 * time.Second, 333334 * time.Microsecond},
	} {
		got := status(row.units)
		available := time.Duration(0)
		if !got.AvailableAt.IsZero() {
			available = got.AvailableAt.Sub(a.now)
		}
		if got.Used != row.used || got.Remaining != row.remaining || got.ResetsAt.Sub(a.now) != row.resets || available != row.available {
			t.Errorf("after %d: %+v, want %+v", row.units, got, row)
		}
	}
}

func TestCountsStopBeforeTheyWrap(t *testing.T) {
	a := newAccount(t)
	a.usage = ledger.Usage{{Meter: ration.MeterRequests, Used: ration.MaxTotalUnits - 1}}
	for _, row := range []struct {
		units int64
		code  ration.Code
	}{{2, ration.CodeCostExceedsLimit}, {ration.MaxUnits, ration.CodeCostExceedsLimit}, {1, ration.CodeOK}, {1, ration.CodeCostExceedsLimit}, {0, ration.CodeOK}} {
		if d := a.charge(ration.Amount{Meter: ration.MeterRequests, Units: row.units}); d.Code != row.code {
			t.Errorf("%d more: %s, want %s", row.units, d.Code, row.code)
		}
	}
	a = newAccount(t, "9/lifetime")
	a.usage = ledger.Usage{{Meter: ration.MeterRequests, Used: ration.MaxTotalUnits, Reserved: ration.MaxTotalUnits}}
	if d := a.charge(); d.Code != ration.CodeCostExceedsLimit || d.Limits[0].Remaining != 0 {
		t.Errorf("one more than all used and all reserved: %s with %+v, want %s and nothing remaining", d.Code, d.Limits, ration.CodeCostExceedsLimit)
	}
}

// TestWhatIsReservedHasItsPlaceInTheTotal: it may be settled as it was reserved.
func TestWhatIsReservedHasItsPlaceInTheTotal(t *testing.T) {
	for _, row := range []struct {
		used, reserved, units int64
		code                  ration.Code
	}{
		{ration.MaxTotalUnits - 10, 9, 1, ration.CodeOK},
		{ration.MaxTotalUnits - 10, 9, 2, ration.CodeCostExceedsLimit},
		{ration.MaxTotalUnits - 10, 10, 0, ration.CodeOK},
		{ration.MaxTotalUnits - 10, 10, 1, ration.CodeCostExceedsLimit},
		{0, ration.MaxTotalUnits, 1, ration.CodeCostExceedsLimit},
		{0, ration.MaxTotalUnits - ration.MaxUnits, ration.MaxUnits, ration.CodeOK},
	} {
		a := newAccount(t)
		a.usage = ledger.Usage{{Meter: ration.MeterRequests, Used: row.used, Reserved: row.reserved}}
		if d := a.charge(ration.Amount{Meter: ration.MeterRequests, Units: row.units}); d.Code != row.code {
			t.Errorf("%d more than %d used and %d reserved: %s, want %s", row.units, row.used, row.reserved, d.Code, row.code)
		}
	}
}

// TestPeriodRunsOnWhereItsZoneIsBehind changes the zone to one where the day
// that has just ended has yet to end.
func TestPeriodRunsOnWhereItsZoneIsBehind(t *testing.T) {
	a := newAccount(t, "2/day")
	a.policy.Zone = zone(t, "Pacific/Auckland") // noon is midnight there
	a.allow(2, 0)
	a.policy.Zone = zone(t, "Pacific/Honolulu")
	a.deny(1, ration.CodeQuotaExceeded, 24*time.Hour)
	a.now = a.now.Add(24 * time.Hour)
	a.deny(1, ration.CodeQuotaExceeded, 22*time.Hour)
	a.allow(0, 0) // notes the new end, and begins nothing
	if got := a.usage.Meter(ration.MeterRequests).Windows[1]; got.Used != 2 || !got.EndsAt.Equal(a.now.Add(22*time.Hour)) {
		t.Errorf("the day is %+v", got)
	}
	a.now = a.now.Add(22 * time.Hour)
	a.allow(2, 0)
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := ration.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}
