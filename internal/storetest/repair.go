package storetest

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

var repairTests = []contractTest{
	{"a store says what it is and that its clock is right", onSoundUsage(testExamine)},
	{"usage from the future is found and moved to the running periods", onSoundUsage(testRepair)},
	{"a denial by a clock from the future is found and moved", onSoundUsage(testRepairOfDenial)},
	{"a repair keeps what was given back", onSoundUsage(testRepairOfRefunds)},
	{"what a clock from the future reserved takes no room after a repair", onSoundUsage(testRepairOfReservation)},
	{"periods follow the plan's zone in a repair too", onSoundUsage(testRepairInZone)},
	{"a day that a changed zone lengthens gives nothing twice in a repair", onSoundUsage(testRepairOfLengthenedDay)},
	{"a key that can't be repaired is skipped", onSoundUsage(testRepairSkips)},
	{"keys are looked at page by page", onSoundUsage(testKeysAheadPages)},
	{"no usage is repaired while the clocks disagree", onSoundUsage(testRepairSuspect)},
	{"a repair that fails leaves nothing", onSoundUsage(testFailedRepair)},
	{"a waiting batch sees what a repair has left", onSoundUsage(testWaitingSeesRepair)},
}

const tenYears = 3652 * 24 * time.Hour

// onSoundUsage repairs what tests before have left that were at a later time.
func onSoundUsage(test func(*fixture)) func(*fixture) {
	return func(f *fixture) {
		f.repair()
		test(f)
	}
}

// doctor is administration on the fixture's store.
func (f *fixture) doctor() *admin.Service { return admin.New(f.Store, admin.Config{}) }

// repair repairs all keys and returns how many there were to repair.
func (f *fixture) repair() (repaired int) {
	f.Helper()
	for after, first := (ration.KeyID{}), true; first || !after.IsZero(); first = false {
		done, err := f.doctor().RepairUsage(f.Context(), "test", after)
		if err != nil {
			f.Fatalf("repairing: %v", err)
		}
		repaired, after = repaired+done.Repaired, done.Next
	}
	return repaired
}

// ahead returns the keys that a clock from the future has used.
func (f *fixture) ahead() []ration.KeyID {
	f.Helper()
	look, err := f.Store.KeysAhead(f.Context(), ration.KeyID{}, 100_000)
	if err != nil {
		f.Fatalf("looking for usage from the future: %v", err)
	}
	if !look.Now.Equal(f.now) || !look.Last.IsZero() {
		f.Errorf("looked at %s with more after %s, want %s and no more", look.Now, look.Last, f.now)
	}
	return look.IDs
}

func testExamine(f *fixture) {
	var states []admin.FindingState
	for _, deep := range []bool{false, true} {
		findings, err := f.Store.Examine(f.Context(), deep)
		if err != nil {
			f.Fatal(err)
		}
		for _, finding := range findings {
			states = append(states, finding.State)
			if finding.State != admin.FindingOK || finding.Check == "" {
				f.Errorf("%+v, want nothing wrong", finding)
			}
		}
	}
	if len(states) < 4 {
		f.Errorf("%d findings, want at least 2 each time", len(states))
	}
	f.updateKey(f.key(""), func(change *admin.KeyChange) { change.Key.Name = "changed" })
	f.advance(-time.Hour)
	findings, err := f.doctor().Diagnose(f.Context(), admin.DiagnoseOptions{})
	i := slices.IndexFunc(findings, func(finding admin.Finding) bool { return finding.Check == "audit" })
	if err != nil || i < 0 || findings[i].State != admin.FindingWarning {
		f.Errorf("an hour before the newest change: %+v, %v; want a warning", findings, err)
	}
}

// useAhead lets a clock that is ten years ahead use a key, and puts it right.
func (f *fixture) useAhead(charges ...item) {
	f.Helper()
	f.advance(tenYears)
	f.batch(charges...)
	f.advance(-tenYears)
}

func testRepair(f *fixture) {
	plan := f.plan("5/hour", "9/day", "100/week", "200/month", "1000 tokens/day", "2/second")
	id, secrets := f.keyWithSecrets(plan.Name, "one")
	other := f.key(plan.Name)
	f.batch(chargeOf(id, requests(1), units("tokens", 5)), chargeOf(other))
	f.advance(time.Minute)
	future := chargeOf(id, requests(2), units("tokens", 7))
	future.SecretID = secrets[0].ID
	f.useAhead(future, future, future)
	untouched := f.state(other)
	f.want("keys ahead", []ration.KeyID{id}, f.ahead())
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
	f.want("keys ahead after the repair", []ration.KeyID(nil), f.ahead())
	f.want("another key", untouched, f.state(other))

	// Of the three charges the rate has let through one.
	windows := func(used int64) [4]ledger.Window {
		return [4]ledger.Window{
			{ID: ration.HourID(noon), EndsAt: noon.Add(time.Hour), Used: used},
			{ID: ration.DateID(2026, 7, 15), EndsAt: time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC), Used: used},
			{ID: ration.DateID(2026, 7, 13), EndsAt: time.Date(2026, 7, 20, 0, 0, 0, 0, time.UTC), Used: used},
			{ID: ration.DateID(2026, 7, 1), EndsAt: time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), Used: used},
		}
	}
	for meter, used := range map[string]int64{ration.MeterRequests: 3, "tokens": 12} {
		f.want(meter, ledger.MeterUsage{
			Meter: meter, Used: used, Denied: 2, FirstRequestAt: noon, LastRequestAt: f.now, Windows: windows(used),
			Counted: ledger.HourCount{Hour: ration.HourID(noon), Used: used, Denied: 2},
		}, withoutRates(f.meter(id, meter)))
	}
	day := ration.DateID(2026, 7, 15)
	f.want("history", []admin.UsageDay{
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: day, Used: 3, Denied: 2, LastRequestAt: f.now},
		{KeyID: id, KeyName: "test", Meter: "tokens", Date: day, Used: 12, Denied: 2, LastRequestAt: f.now},
	}, f.days(id))
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 3, 2), hour(id, "tokens", noon, 12, 2))
	if last := f.stored(id).Secrets[0].LastUsedAt; !last.Equal(f.now) {
		f.Errorf("the secret was last used at %s, want %s", last, f.now)
	}
	f.wantRepairAudited(id)
	if repaired := f.repair(); repaired != 0 {
		f.Errorf("repaired %d keys again", repaired)
	}
	f.deny(id, requests(2), ration.CodeRateExceeded, time.Second) // a rate needs no repair
	f.advance(time.Second)
	f.allow(id, requests(2), 0, 0, 4, 95, 195)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, noon.Add(time.Hour).Sub(f.now))
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(id, requests(2), 0, 3, 7, 93, 193)
}

func (f *fixture) wantRepairAudited(id ration.KeyID) {
	f.Helper()
	var repairs []admin.AuditEntry
	for _, entry := range f.audit(admin.AuditFilter{Target: id.String()}) {
		if entry.Action == "key.repair" {
			repairs = append(repairs, entry)
		}
	}
	if len(repairs) != 1 || repairs[0].Actor != "test" || !repairs[0].At.Equal(f.now) || !strings.Contains(string(repairs[0].Details), "requests.day") {
		f.Errorf("entries of the repair: %+v, want one with what was changed", repairs)
	}
}

// testRepairOfDenial: a refused key begins no period, so that one wrong clock is
// enough to write a date that has not begun.
func testRepairOfDenial(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
	f.batch(chargeOf(id))
	f.useAhead(chargeOf(id), chargeOf(id))
	f.want("keys ahead", []ration.KeyID{id}, f.ahead())
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
	f.want("history", []admin.UsageDay{
		{KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, 15), Denied: 3},
	}, f.days(id))
	f.want("keys ahead after the repair", []ration.KeyID(nil), f.ahead())
	f.wantHours(id, hour(id, ration.MeterRequests, noon, 0, 3))
}

// testRepairOfRefunds gives back today and ten years ahead, of what a quota bounds and
// of what none does.
func testRepairOfRefunds(f *fixture) {
	bounded, unbounded := f.key(f.plan("1000/hour", "1000/day", "1000/week", "1000/month", "100 tokens/day").Name), f.key("")
	back := func(id ration.KeyID, n int) {
		f.Helper()
		charge := chargeOf(id, requests(10), units("tokens", 1))
		charge.Refundable = true
		var refunds []item
		for _, decision := range f.batch(repeat(n, charge)...) {
			f.wantCode(decision, ration.CodeOK)
			refunds = append(refunds, refunding(decision.Receipt))
		}
		for _, decision := range f.batch(refunds...) {
			f.wantCode(decision, ration.CodeOK)
		}
	}
	back(bounded, 4)
	back(unbounded, 400)
	for range 2 { // two periods that are to come
		f.advance(tenYears)
		back(bounded, 2)
		back(unbounded, 200)
	}
	f.setNow(noon)
	if repaired := f.repair(); repaired != 2 {
		f.Errorf("repaired %d keys, want 2", repaired)
	}
	back(bounded, 2)
	back(unbounded, 200)
	for _, id := range []ration.KeyID{bounded, unbounded} {
		f.wantUse(id, ration.MeterRequests, 0, 0)
		receipt := f.refundable(chargeOf(id, requests(1)))
		f.wantCode(f.charge(refunding(receipt)), ration.CodeRefundsExhausted)
	}
	for _, alone := range []string{"1000/hour", "1000/day", "1000/week", "1000/month", "100 tokens/day"} {
		plan := f.plan(alone).Name
		f.updateKey(bounded, func(change *admin.KeyChange) { change.Key.Plan = plan })
		receipt := f.refundable(chargeOf(bounded, requests(1), units("tokens", 1)))
		f.wantCode(f.charge(refunding(receipt)), ration.CodeRefundsExhausted)
	}
	f.advance(24 * time.Hour)
	back(unbounded, 1)
}

// testRepairOfReservation: what ends a reservation is posted to the periods in
// which it was made, so that none of those that run now could be rid of it.
func testRepairOfReservation(f *fixture) {
	id := f.key(f.plan("5/day").Name)
	held := chargeOf(id, requests(4))
	held.Hold = &ration.Hold{ID: ration.NewReservationID(), TTL: ration.MaxReservationTTL, AtExpiry: ration.AtExpiryKeep}
	f.useAhead(held)
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
	f.wantReserved(id, 4)
	f.allow(id, requests(5), 0)
	f.batch(voiding(ration.Reservation{KeyID: id, ID: held.Hold.ID}))
	f.wantReserved(id, 0)
}

// wantReserved checks what is reserved for good; of the running periods nothing is.
func (f *fixture) wantReserved(id ration.KeyID, want int64) {
	f.Helper()
	meter := f.meter(id, ration.MeterRequests)
	if meter.Reserved != want {
		f.Errorf("%d are reserved, want %d", meter.Reserved, want)
	}
	for i, window := range meter.Windows {
		if window.Reserved != 0 {
			f.Errorf("%d are reserved of the running %s", window.Reserved, ration.WindowPeriods[i])
		}
	}
}

func testRepairInZone(f *fixture) {
	own := f.keyIn("Pacific/Kiritimati", f.planIn("Pacific/Pago_Pago", "5/day").Name) // the 16th, in the far east
	byPlan := f.key(f.planIn("Pacific/Pago_Pago", "5/day").Name)                      // the 15th
	f.useAhead(chargeOf(own), chargeOf(byPlan))
	if repaired := f.repair(); repaired != 2 {
		f.Errorf("repaired %d keys, want 2", repaired)
	}
	for id, want := range map[ration.KeyID]ration.PeriodID{own: ration.DateID(2026, 7, 16), byPlan: ration.DateID(2026, 7, 15)} {
		day := f.meter(id, ration.MeterRequests).Windows[1].ID
		if days := f.days(id); day != want || len(days) != 1 || days[0].Date != want {
			f.Errorf("the day is %s with the history %+v, want %s", day.Date(), days, want.Date())
		}
	}
}

// testRepairOfLengthenedDay: what was used in an hour is filed under a date that
// its new zone has left behind.
func testRepairOfLengthenedDay(f *fixture) {
	f.setNow(time.Date(2026, 7, 15, 20, 10, 0, 0, time.UTC))
	byHour, byDay := f.key(f.plan("3/hour").Name), f.key(f.plan("4/day").Name)
	ids := []ration.KeyID{byHour, byDay}
	for _, id := range ids {
		f.batch(repeat(3, chargeOf(id))...)
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.TimeZone = "Asia/Tokyo" }) // where it is the 16th
		f.useAhead(chargeOf(id))
	}
	f.advance(5 * time.Minute)
	if repaired := f.repair(); repaired != len(ids) {
		f.Errorf("repaired %d keys, want %d", repaired, len(ids))
	}
	for _, id := range ids {
		f.deny(id, requests(1), ration.CodeQuotaExceeded, f.meter(id, ration.MeterRequests).Windows[slices.Index(ids, id)].EndsAt.Sub(f.now))
		f.want("history", []admin.UsageDay{{
			KeyID: id, KeyName: "test", Meter: ration.MeterRequests, Date: ration.DateID(2026, 7, 15), Used: 4, Denied: 1, LastRequestAt: f.now,
		}}, f.days(id))
	}
	f.setNow(time.Date(2026, 7, 16, 12, 0, 0, 0, time.UTC)) // the 15th has ended everywhere
	f.allow(byHour, requests(1), 2)
	f.allow(byDay, requests(1), 3)
}

func testRepairSkips(f *fixture) {
	odd := f.key("")
	ids := []ration.KeyID{f.key(""), f.key("")}
	f.useAhead(chargeOf(ids[0]), chargeOf(odd), chargeOf(ids[1]))
	f.updateKey(odd, func(change *admin.KeyChange) { change.Key.TimeZone = "Mars/Olympus_Mons" })
	done, err := f.doctor().RepairUsage(f.Context(), "test", ration.KeyID{})
	if err != nil || done.Repaired != 2 || len(done.Skipped) != 1 || done.Skipped[0].ID != odd || !strings.Contains(done.Skipped[0].Reason, "Mars") {
		f.Errorf("repaired %+v, %v; want 2 keys, and %s skipped", done, err, odd)
	}
	f.want("keys ahead after the repair", []ration.KeyID{odd}, f.ahead())
	f.updateKey(odd, func(change *admin.KeyChange) { change.Key.TimeZone = "" })
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
}

func testKeysAheadPages(f *fixture) {
	var ids, want, got []ration.KeyID
	for i := range 7 {
		ids = append(ids, f.key(""))
		if i%3 == 0 {
			want = append(want, ids[i])
			f.useAhead(chargeOf(ids[i]))
		}
	}
	slices.SortFunc(want, func(a, b ration.KeyID) int { return slices.Compare(a[:], b[:]) })
	for after, first := (ration.KeyID{}), true; first || !after.IsZero(); first = false {
		look, err := f.Store.KeysAhead(f.Context(), after, 2)
		if err != nil {
			f.Fatal(err)
		}
		got = append(got, look.IDs...)
		after = look.Last
	}
	f.want("keys ahead", want, got)
	if repaired := f.repair(); repaired != len(want) {
		f.Errorf("repaired %d keys, want %d", repaired, len(want))
	}
}

func testRepairSuspect(f *fixture) {
	id := f.key("")
	f.useAhead(chargeOf(id))
	before := f.state(id)
	if f.SetInstanceNow != nil {
		f.SetInstanceNow(f.now.Add(11 * time.Minute))
		_, err := f.doctor().RepairUsage(f.Context(), "test", ration.KeyID{})
		f.wantError(err, ration.ErrClockSuspect)
		f.want("state after no repair", before, f.state(id))
	}
	f.setNow(f.now)
	f.wantError(f.Store.RepairUsage(f.Context(), []ration.KeyID{id, ration.NewKeyID()}, func(*admin.UsageRepair) error { return nil }), ration.ErrNotFound)
	f.want("state after no repair", before, f.state(id))
	if repaired := f.repair(); repaired != 1 {
		f.Errorf("repaired %d keys, want 1", repaired)
	}
}

func testFailedRepair(f *fixture) {
	ids := []ration.KeyID{f.key(""), f.key("")}
	f.useAhead(chargeOf(ids[0]), chargeOf(ids[1]))
	before := []state{f.state(ids[0]), f.state(ids[1])}
	cause := errors.New("no repair today")
	seen := 0
	f.wantError(f.Store.RepairUsage(f.Context(), ids, func(repair *admin.UsageRepair) error {
		if seen++; seen%2 == 0 { // of each attempt, if there are several
			return cause
		}
		repair.Meters[0].Windows[1].ID = ration.DateID(2026, 7, 15)
		repair.Meters[0].Fold = admin.Fold{From: []ration.PeriodID{repair.Meters[0].Days[0].Date}, Into: repair.Meters[0].Days[0]}
		repair.Audit = entry("key.repair", repair.KeyID.String())
		return nil
	}), cause)
	f.want("state after a repair that failed", before, []state{f.state(ids[0]), f.state(ids[1])})
	if repaired := f.repair(); repaired != 2 {
		f.Errorf("repaired %d keys, want 2", repaired)
	}
}

// testWaitingSeesRepair charges a key while its day is being moved.
func testWaitingSeesRepair(f *fixture) {
	id := f.key(f.plan("5/day").Name)
	f.useAhead(repeat(5, chargeOf(id))...)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, f.dayEnds(id).Sub(f.now))
	f.setNow(noon)
	decisions := f.during(func(begin func()) error {
		return f.Store.RepairUsage(f.Context(), []ration.KeyID{id}, func(repair *admin.UsageRepair) error {
			begin()
			meter := &repair.Meters[0]
			for i, period := range ration.WindowPeriods {
				meter.Windows[i].ID, meter.Windows[i].EndsAt = ration.PeriodAt(period, repair.Now, time.UTC)
				meter.Windows[i].Used = 3
			}
			repair.Audit = entry("key.repair", id.String())
			return nil
		})
	}, chargeOf(id))
	f.wantRemaining(decisions[0], 1)
}

func (f *fixture) dayEnds(id ration.KeyID) time.Time {
	f.Helper()
	return f.meter(id, ration.MeterRequests).Windows[1].EndsAt
}
