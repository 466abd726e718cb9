package storetest

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var resetTests = []contractTest{
	{"a reset begins every limit's count anew and keeps the history", testReset},
	{"a reset is of the named limits alone", testResetOfSomeLimits},
	{"what was charged before a reset doesn't change the new count when it is given back", testRefundAfterReset},
	{"what was reserved before a reset counts as used before it", testSettleAfterReset},
	{"what was reserved before a reset and settled late counts before it", testLateSettlementAfterReset},
	{"what is settled on another meter after a reset counts after it", testSettleBeyondAfterReset},
	{"a reset ends with its period", testResetEndsWithPeriod},
	{"a repair keeps a reset", onSoundUsage(testRepairOfReset)},
	{"an import of usage counts nothing twice after a reset", testImportAfterReset},
	{"a reset that is refused changes nothing", testResetRefused},
	{"a waiting batch sees a reset", testWaitingSeesReset},
	{"a reset is audited with what was counted and why", testResetAudited},
}

// reset resets limits of a key by name or, without any, all of them.
func (f *fixture) reset(id ration.KeyID, limits ...string) admin.KeyResetDone {
	f.Helper()
	done, err := f.doctor().ResetKey(f.Context(), "test", admin.KeyReset{ID: id, Limits: limits, Reason: "an outage"})
	if err != nil {
		f.Fatalf("resetting %s: %v", id, err)
	}
	return done
}

func testReset(f *fixture) {
	id := f.key(f.plan("5/hour", "6/day", "7/week", "8/month", "9/lifetime", "5/minute", "50 tokens/day").Name)
	charge := chargeOf(id, requests(4), units("tokens", 40))
	f.wantRemaining(f.charge(charge), 1, 1, 2, 3, 4, 5, 10)
	for range 2 { // one after the other is fine
		done := f.reset(id)
		f.want("time", f.now, done.At)
		if len(done.Limits) != 7 {
			f.Errorf("%d limits were reset, want 7", len(done.Limits))
		}
		for _, limit := range done.Limits {
			if limit.Now.Used != 0 || limit.Now.Remaining != limit.Now.Size() {
				f.Errorf("%s after the reset: %+v", limit.Now.Name, limit.Now)
			}
		}
	}
	f.wantRemaining(f.charge(charge), 1, 1, 2, 3, 4, 5, 10)
	f.deny(id, requests(2), ration.CodeQuotaExceeded, time.Hour)
	f.wantUse(id, ration.MeterRequests, 8, 0)
	f.wantUse(id, "tokens", 80, 0)
	f.wantHistory(id, ration.MeterRequests, today, 8, 0)
	f.reset(id)
	f.wantRemaining(f.charge(charge), 1, 1, 2, 3, 4, 5, 10)
}

func testResetOfSomeLimits(f *fixture) {
	id := f.key(f.plan("5/hour", "6/day", "6/lifetime", "5/minute", "50 tokens/day").Name)
	charge := chargeOf(id, requests(2), units("tokens", 20))
	f.charge(charge)
	f.reset(id, "day", "requests-lifetime")
	nothing := chargeOf(id, requests(0), units("tokens", 0))
	f.wantRemaining(f.charge(nothing), 3, 3, 6, 6, 30)
	if _, err := f.doctor().ResetKey(f.Context(), "test", admin.KeyReset{ID: id, Meter: "tokens", Reason: "x"}); err != nil {
		f.Fatal(err)
	}
	f.wantRemaining(f.charge(nothing), 3, 3, 6, 6, 50)
	f.reset(id, "requests-rate-minute", "hour")
	f.wantRemaining(f.charge(nothing), 5, 5, 6, 6, 50)
}

func testRefundAfterReset(f *fixture) {
	id := f.key(f.plan("10/day", "100/lifetime").Name)
	before := f.refundable(chargeOf(id, requests(4)))
	f.reset(id)
	f.allow(id, requests(1), 9, 99)
	f.wantCode(f.charge(refunding(before)), ration.CodeOK)
	f.allow(id, requests(1), 8, 98)
	f.wantUse(id, ration.MeterRequests, 2, 0)
	f.wantHistory(id, ration.MeterRequests, today, 2, 0)
	after := f.refundable(chargeOf(id, requests(3)))
	f.wantCode(f.charge(refunding(after)), ration.CodeOK)
	f.allow(id, requests(0), 8, 98)

	second := f.refundable(chargeOf(id, requests(2)))
	f.reset(id, "day") // lifetimes go on
	f.wantCode(f.charge(refunding(second)), ration.CodeOK)
	f.allow(id, requests(0), 10, 98)
}

func testSettleAfterReset(f *fixture) {
	id := f.key(f.plan("10/day", "100/lifetime").Name)
	first, second := f.hold(id, ration.Hold{}, requests(4)), f.hold(id, ration.Hold{}, requests(3))
	done := f.reset(id)
	if limit := done.Limits[0]; limit.Used != 0 || limit.Reserved != 7 || limit.Now.Reserved != 0 {
		f.Errorf("the reset of %+v", limit)
	}
	f.wantUse(id, ration.MeterRequests, 0, 7)
	f.allow(id, requests(0), 10, 100)
	f.wantCode(f.charge(settling(first, ration.OverageAllow, requests(6))), ration.CodeOK)
	f.wantCode(f.charge(voiding(second)), ration.CodeOK)
	f.allow(id, requests(10), 0, 90)
	f.wantUse(id, ration.MeterRequests, 16, 0)
	f.wantHistory(id, ration.MeterRequests, today, 16, 0)
}

func testLateSettlementAfterReset(f *fixture) {
	id := f.key(f.plan("10/day", "100/lifetime").Name)
	r := f.hold(id, ration.Hold{TTL: time.Minute, AtExpiry: ration.AtExpiryKeep}, requests(4))
	f.reset(id)
	f.allow(id, requests(1), 9, 99)
	f.advance(2 * time.Minute)
	f.wantCode(f.charge(settling(r, ration.OverageRefuse, requests(1))), ration.CodeOK)
	f.allow(id, requests(0), 9, 99)
	f.wantUse(id, ration.MeterRequests, 2, 0)
}

func testSettleBeyondAfterReset(f *fixture) {
	id := f.key(f.plan("10/day", "100 tokens/day").Name)
	f.charge(chargeOf(id, requests(1), units("tokens", 30)))
	r := f.hold(id, ration.Hold{}, requests(1))
	f.reset(id)
	f.wantCode(f.charge(settling(r, ration.OverageAllow, requests(1), units("tokens", 20))), ration.CodeOK)
	f.wantRemaining(f.charge(chargeOf(id, requests(0), units("tokens", 0))), 10, 80)
}

func testResetEndsWithPeriod(f *fixture) {
	id := f.key(f.plan("10/day", "20/month").Name)
	f.allow(id, requests(6), 4, 14)
	f.reset(id, "day")
	f.setNow(midnight)
	f.reset(id, "day") // of a day that is over: nothing
	f.allow(id, requests(7), 3, 7)
	f.allow(id, requests(3), 0, 4)
}

// testRepairOfReset resets before a clock is ahead, and while it is.
func testRepairOfReset(f *fixture) {
	plan := f.plan("10/day", "20/month").Name
	before, meanwhile := f.key(plan), f.key(plan)
	f.allow(before, requests(6), 4, 14)
	r := f.hold(before, ration.Hold{}, requests(2))
	f.reset(before)
	f.allow(before, requests(1), 9, 19)
	f.advance(tenYears)
	f.batch(chargeOf(before, requests(2)), chargeOf(meanwhile, requests(5)))
	f.reset(meanwhile)
	f.batch(chargeOf(meanwhile, requests(3)))
	f.advance(-tenYears)
	if repaired := f.repair(); repaired != 2 {
		f.Errorf("repaired %d keys, want 2", repaired)
	}
	f.allow(before, requests(1), 6, 16)
	f.allow(meanwhile, requests(1), 6, 16)
	f.wantCode(f.charge(settling(r, ration.OverageRefuse, requests(2))), ration.CodeOK)
	f.allow(before, requests(0), 6, 16)
}

func testImportAfterReset(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.allow(id, requests(6), 4)
	f.reset(id)
	counted := admin.UsageImport{Days: []admin.ImportedDay{{KeyID: id, Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, 15), Used: 6}}}
	if _, err := f.doctor().ImportUsage(f.Context(), "test", counted); err != nil {
		f.Fatal(err)
	}
	f.allow(id, requests(0), 10)
}

func testResetRefused(f *fixture) {
	id, unlimited, revoked := f.key(f.plan("10/day").Name), f.key(""), f.key(f.plan("10/day").Name)
	f.allow(id, requests(6), 4)
	f.updateKey(revoked, func(change *admin.KeyChange) { change.Key.Status = ration.StatusRevoked })
	before := []state{f.state(id), f.state(unlimited), f.state(revoked)}
	for _, row := range []struct {
		reset admin.KeyReset
		want  error // nil: an InvalidError
	}{
		{admin.KeyReset{ID: unlimited, Reason: "x"}, ration.ErrConflict},
		{admin.KeyReset{ID: revoked, Reason: "x"}, ration.ErrConflict},
		{admin.KeyReset{ID: ration.NewKeyID(), Reason: "x"}, ration.ErrNotFound},
		{admin.KeyReset{ID: id}, nil},
		{admin.KeyReset{ID: id, Reason: "x", Limits: []string{"requests-hour"}}, nil},
		{admin.KeyReset{ID: id, Reason: "x", Meter: "tokens"}, nil},
		{admin.KeyReset{ID: id, Reason: "x", Meter: "tokens", Limits: []string{"day"}}, nil},
	} {
		_, err := f.doctor().ResetKey(f.Context(), "test", row.reset)
		if _, invalid := errors.AsType[*ration.InvalidError](err); row.want == nil && !invalid {
			f.Errorf("%+v: %v, want what is invalid", row.reset, err)
		}
		if row.want != nil {
			f.wantError(err, row.want)
		}
	}
	f.want("state after what was refused", before, []state{f.state(id), f.state(unlimited), f.state(revoked)})
	f.allow(id, requests(0), 4)
}

// testWaitingSeesReset charges a key while it is being reset.
func testWaitingSeesReset(f *fixture) {
	if f.AwaitLocked == nil {
		return // then nobody waits
	}
	id := f.key(f.plan("2/day").Name)
	f.allow(id, requests(2), 0)
	charged := make(chan []ration.Decision, 1)
	err := f.Store.ResetUsage(f.Context(), id, func(change *admin.UsageReset) error {
		go func() {
			decisions, err := chargeBatch(f, f.Store, chargeOf(id))
			if err != nil {
				f.Errorf("charging: %v", err)
			}
			charged <- decisions
		}()
		f.AwaitLocked(f.t)
		meter := change.Usage.Meter(ration.MeterRequests)
		meter.Reset(change.Plans.Now.Limits, change.Now, time.UTC)
		change.Audit = entry("key.reset", id.String())
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	if decisions := <-charged; len(decisions) == 1 {
		f.wantCode(decisions[0], ration.CodeOK)
	}
}

func testResetAudited(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.allow(id, requests(6), 4)
	f.reset(id)
	entries := f.audit(admin.AuditFilter{Target: id.String()})
	if len(entries) != 2 || entries[0].Action != "key.reset" || entries[0].Actor != "test" || !entries[0].At.Equal(f.now) {
		f.Fatalf("entries %+v, want one of the reset", entries)
	}
	var got, want any
	if err := json.Unmarshal(entries[0].Details, &got); err != nil {
		f.Fatal(err)
	}
	_ = json.Unmarshal([]byte(`{"reason": "an outage", "limit.requests-day": {"old": {"limit": "10/day", "used": 6}, "new": {"limit": "10/day", "used": 0}}}`), &want)
	f.want("details", want, got)
}
