package ration_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
)

// noon is a Wednesday in the middle of a month.
var noon = time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)

// account is a key's policy and usage in a test, charged one by one.
type account struct {
	t      *testing.T
	policy ration.Policy
	usage  ration.Usage
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
	policy, err := ration.NewPolicy(key, plan, nil, nil, noon)
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
	decision, changes := ration.Decide(&a.policy, a.usage, &charge, ration.Clock{Now: a.now})
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
	}{
		{"after the clock was ahead", "2/minute", "2/minute", -24 * time.Hour},
		{"after the rate was raised", "1/minute burst 60", "60/minute", 0},
		{"after the burst was lowered", "10/minute burst 100", "10/minute", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t, row.before)
			a.allow(a.policy.Limits[0].Size(), 0)
			a.policy.Limits = newAccount(t, row.after).policy.Limits
			a.now = a.now.Add(row.jump)
			refused := a.charge(ration.Amount{Meter: ration.MeterRequests, Units: 1})
			if refused.Code != ration.CodeRateExceeded || refused.RetryAfter > time.Minute {
				t.Fatalf("%s, retry after %s; want a wait of at most a minute", refused.Code, refused.RetryAfter)
			}
			a.now = a.now.Add(refused.RetryAfter - time.Microsecond)
			a.deny(1, ration.CodeRateExceeded, time.Microsecond)
			a.now = a.now.Add(time.Microsecond)
			a.allow(1, 0)
		})
	}
}
