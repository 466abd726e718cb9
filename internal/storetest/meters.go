package storetest

import (
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var meterTests = []contractTest{
	{"a meter is counted in its unit", testUnit},
	{"what is finer than a unit is rounded up", testFinerThanUnit},
	{"limits come back in the unit of their meter", testLimitsInUnit},
	{"a concurrent limit counts charges, whatever the unit", testConcurrentOfUnit},
	{"a unit stays while something counts in it", testUnitStays},
	{"a unit that is set again changes nothing", testUnitAgain},
	{"a denied charge keeps the unit too", testUnitAfterDenial},
	{"plans and units are applied together", testApplyUnits},
	{"reservations are held and settled in units", testReserveInUnit},
	{"a settlement may count on a meter in its unit for the first time", testSettleFirstInUnit},
	{"a settlement beyond all bounds is refused", testSettleBeyondBounds},
	{"refunds give units back", testRefundInUnit},
	{"a charge repeated in other digits is the same", testRepeatedInOtherDigits},
	{"an amount beyond all bounds never passes", testAmountBeyondBounds},
	{"imported days are counted in units", testImportInUnit},
	{"a first charge that waits for a unit is counted in it", testFirstChargeWaits},
	{"a limit that waits for a unit is written in it", testLimitWaits},
	{"a unit and first charges that race agree", testUnitRaces},
}

// meterIn gives a new meter a unit.
func (f *fixture) meterIn(unit ration.Unit) string {
	f.Helper()
	name := uniqueName()
	f.setUnit(name, unit)
	return name
}

func (f *fixture) setUnit(meter string, unit ration.Unit) {
	f.Helper()
	if _, err := f.doctor().SetMeter(f.Context(), "test", admin.MeterUnit{Name: meter, Unit: unit}); err != nil {
		f.Fatal(err)
	}
}

// keyOf makes a key with lasting limits of its own, as administration does.
func (f *fixture) keyOf(limits ...string) ration.KeyID {
	f.Helper()
	key := admin.NewKey{Name: "test", Unlimited: len(limits) == 0}
	for _, limit := range limits {
		key.Overrides = append(key.Overrides, override(f, limit))
	}
	issued, err := f.doctor().CreateKey(f.Context(), "test", key)
	if err != nil {
		f.Fatal(err)
	}
	return issued.Key.ID
}

// amountIn is an amount in a unit of its own.
func amountIn(meter string, units int64, unit ration.Unit) ration.Amount {
	return ration.Amount{Meter: meter, Units: units, Unit: unit}
}

func testUnit(f *fixture) {
	eur := f.meterIn(3)
	id := f.keyOf("12.50 " + eur + "/day")
	decision := f.allow(id, amountIn(eur, 15, 1), 11_000)
	if limit := decision.Limits[0]; limit.Unit != 3 || limit.Quantity != 12_500 || limit.Used != 1500 {
		f.Errorf("%+v, want 1500 of 12500 thousandths used", limit)
	}
	f.want("what was charged", []ration.Amount{requests(1), amountIn(eur, 1500, 3)}, decision.Amounts)
	f.allow(id, units(eur, 11), 0)
	f.deny(id, amountIn(eur, 1, 3), ration.CodeQuotaExceeded, 12*time.Hour)
	f.wantUse(id, eur, 12_500, 0)
	f.wantHistory(id, eur, ration.DateID(2026, 7, 15), 12_500)
}

func testFinerThanUnit(f *fixture) {
	eur, calls := f.meterIn(2), uniqueName()
	id := f.keyOf("1 "+eur+"/day", "9 "+calls+"/day")
	f.allow(id, amountIn(eur, 1, 9), 99)
	f.allow(id, amountIn(eur, 12_345, 5), 86)
	f.allow(id, amountIn(eur, 860, 3), 0)
	f.allow(id, amountIn(calls, 35, 1), 5)
	f.want("rounded up", []string{calls}, ration.RoundedUp(
		[]ration.Amount{amountIn(eur, 860, 3), amountIn(calls, 35, 1)}, []ration.Amount{amountIn(eur, 86, 2), units(calls, 4)}))
}

func testLimitsInUnit(f *fixture) {
	eur := f.meterIn(2)
	plan, err := f.doctor().CreatePlan(f.Context(), "test", admin.NewPlan{Name: uniqueName(), Limits: parseLimits(f, "0.5 "+eur+"/second burst 2.25", "10/day")})
	if err != nil {
		f.Fatal(err)
	}
	f.want("the plan", plan, f.storedPlan(plan.Name))
	if limit := plan.Limits[1]; limit.String() != "0.5 "+eur+"/second burst 2.25" || limit.Quantity != 50 || limit.Burst != 225 {
		f.Errorf("the limit is %s: %+v", limit, limit)
	}
	temporary := override(f, "0.25 "+eur+"/second")
	temporary.ExpiresAt = f.now.Add(time.Hour)
	id := f.key(plan.Name)
	record, err := f.doctor().UpdateKey(f.Context(), "test", admin.KeyPatch{ID: id, SetOverrides: []ration.Override{override(f, "7 "+eur+"/second"), temporary}})
	if err != nil {
		f.Fatal(err)
	}
	f.want("the key", record.Overrides, f.stored(id).Overrides, anyOrder)
	for _, o := range record.Overrides {
		if o.Unit != 2 || o.Quantity != 700 && o.Quantity != 25 {
			f.Errorf("%+v, want hundredths", o)
		}
	}
	_, err = f.doctor().UpdateKey(f.Context(), "test", admin.KeyPatch{ID: id, SetOverrides: []ration.Override{override(f, "0.005 "+eur+"/day")}})
	f.wantInvalid(err, "limit")
	_, err = f.doctor().CreatePlan(f.Context(), "test", admin.NewPlan{Name: uniqueName(), Limits: parseLimits(f, "0.5 "+uniqueName()+"/day")})
	f.wantInvalid(err, "limit")
}

func testConcurrentOfUnit(f *fixture) {
	jobs := uniqueName()
	id := f.keyOf("2 " + jobs + " at once")
	f.setUnit(jobs, 3)
	f.start(id, amountIn(jobs, 5, 1))
	decision := f.charge(starting(id, units(jobs, 7)))
	f.wantCode(decision, ration.CodeOK)
	f.wantRemaining(decision, 0)
	if limit := decision.Limits[0]; limit.Unit != 0 || limit.Quantity != 2 || limit.Used != 2 {
		f.Errorf("%+v, want 2 of 2 in flight", limit)
	}
	f.wantUse(id, jobs, 7500, 0)
	f.want("the key's own limit", int64(2), f.stored(id).Overrides[0].Quantity)
}

func testUnitStays(f *fixture) {
	temporary := func(meter string) ration.Override {
		o := override(f, "1 "+meter+"/day")
		o.ExpiresAt = f.now.Add(time.Hour)
		return o
	}
	for name, count := range map[string]func(meter string){
		"a plan's limit":   func(meter string) { f.plan("1 " + meter + "/day") },
		"a key's limit":    func(meter string) { f.keyOf("1 " + meter + "/day") },
		"a limit beneath":  func(meter string) { f.override(f.key(""), override(f, "1 "+meter+"/day"), temporary(meter)) },
		"a temporary one":  func(meter string) { f.override(f.key(""), temporary(meter)) },
		"a charge":         func(meter string) { f.charge(chargeOf(f.key(""), units(meter, 1))) },
		"a charge of 0":    func(meter string) { f.charge(chargeOf(f.key(""), units(meter, 0))) },
		"what is reserved": func(meter string) { f.hold(f.key(""), ration.Hold{}, units(meter, 1)) },
	} {
		meter := uniqueName()
		count(meter)
		_, err := f.doctor().SetMeter(f.Context(), "test", admin.MeterUnit{Name: meter, Unit: 1})
		if f.wantError(err, ration.ErrConflict); err == nil {
			f.Errorf("%s doesn't keep the unit", name)
		}
		f.setUnit(meter, 0)
	}
}

func testUnitAgain(f *fixture) {
	eur := f.meterIn(2)
	f.setUnit(eur, 3)
	f.advance(time.Minute)
	f.setUnit(eur, 3)
	meters, err := f.Store.ListMeters(f.Context(), admin.NameFilter{})
	if err != nil {
		f.Fatal(err)
	}
	for _, meter := range meters {
		if meter.Name == eur {
			f.want("the meter", admin.Meter{MeterUnit: admin.MeterUnit{Name: eur, Unit: 3}, CreatedAt: noon, UpdatedAt: noon}, meter)
		}
	}
	entries := f.audit(admin.AuditFilter{Target: "meter:" + eur})
	if len(entries) != 2 || entries[0].Action != "meter.set" || string(entries[0].Details) == string(entries[1].Details) {
		f.Errorf("the audit log has %+v, want the two changes", entries)
	}
}

func testUnitAfterDenial(f *fixture) {
	eur := uniqueName()
	id := f.key(f.plan("0/day").Name)
	f.wantCode(f.charge(chargeOf(id, units(eur, 1))), ration.CodeQuotaExceeded)
	_, err := f.doctor().SetMeter(f.Context(), "test", admin.MeterUnit{Name: eur, Unit: 1})
	f.wantError(err, ration.ErrConflict)
}

func testApplyUnits(f *fixture) {
	eur, plan := uniqueName(), uniqueName()
	apply := admin.PlansApply{
		Meters: []admin.MeterUnit{{Name: eur, Unit: 2}},
		Plans:  []admin.NewPlan{{Name: plan, Limits: parseLimits(f, "1.25 "+eur+"/day")}},
	}
	for _, want := range []admin.PlanAction{admin.PlanCreated, admin.PlanUnchanged} {
		applied, err := f.doctor().ApplyPlans(f.Context(), "test", apply)
		if err != nil {
			f.Fatal(err)
		}
		if applied.Meters[0].Action != want || applied.Plans[0].Action != want {
			f.Errorf("%+v, want both %s", applied, want)
		}
	}
	if limit := f.storedPlan(plan).Limits[0]; limit.Quantity != 125 || limit.Unit != 2 {
		f.Errorf("%+v, want 125 hundredths", limit)
	}
	apply.Meters[0].Unit, apply.Plans[0].Name = 3, uniqueName()
	_, err := f.doctor().ApplyPlans(f.Context(), "test", apply)
	f.wantError(err, ration.ErrConflict)
	_, err = f.Store.Plan(f.Context(), apply.Plans[0].Name)
	f.wantError(err, ration.ErrNotFound)
}

func testReserveInUnit(f *fixture) {
	seconds := f.meterIn(3)
	id := f.keyOf("60 " + seconds + "/day")
	r := f.hold(id, ration.Hold{}, units(seconds, 30))
	if held := r.Held[1]; held.Units != 30_000 || held.Unit != 3 {
		f.Errorf("%+v, want 30000 thousandths", held)
	}
	f.want("as it was committed", r, f.reservation(r))
	settled := []ration.Amount{requests(1), amountIn(seconds, 1235, 3)}
	f.want("settled", settled, f.settle(r, amountIn(seconds, 12_345, 4)).Reservation.Settled)
	f.wantUse(id, seconds, 1235, 0)
	again := f.settle(r, amountIn(seconds, 1_234_500, 6))
	f.want("settled again", settled, again.Reservation.Settled)
	if !again.Replayed {
		f.Error("the same settlement in other digits is another one")
	}
	f.want("as it was committed", settled, f.reservation(r).Settled)
}

func testSettleFirstInUnit(f *fixture) {
	seconds := f.meterIn(3)
	id := f.key("")
	decision := f.end(settling(f.hold(id, ration.Hold{}), ration.OverageAllow, amountIn(seconds, 15, 1)), ration.CodeOK)
	f.want("settled", []ration.Amount{requests(1), amountIn(seconds, 1500, 3)}, decision.Reservation.Settled)
	f.wantUse(id, seconds, 1500, 0)
}

func testSettleBeyondBounds(f *fixture) {
	tiny := f.meterIn(ration.MinUnit)
	id := f.key("")
	r := f.hold(id, ration.Hold{}, units(tiny, 1))
	f.end(settling(r, ration.OverageAllow, units(tiny, ration.MaxUnits)), ration.CodeSettlementTooLarge)
	f.end(settling(r, ration.OverageRefuse, units(tiny, ration.MaxUnits)), ration.CodeSettlementTooLarge)
	decision := f.end(settling(r, ration.OverageClamp, units(tiny, ration.MaxUnits)), ration.CodeOK)
	f.want("cut", []ration.Amount{requests(1), amountIn(tiny, 1_000_000_000, 9)}, decision.Reservation.Settled)
}

func testRefundInUnit(f *fixture) {
	eur := f.meterIn(2)
	id := f.keyOf("5 " + eur + "/day")
	receipt := f.refundable(chargeOf(id, amountIn(eur, 45, 1)))
	f.wantUse(id, eur, 450, 0)
	f.end(item{Charge: ration.Charge{KeyID: id}, Refund: receipt}, ration.CodeOK) // a small quota is given back whole
	f.wantUse(id, eur, 0, 0)
}

func testRepeatedInOtherDigits(f *fixture) {
	eur := f.meterIn(2)
	id := f.keyOf("5 " + eur + "/day")
	first := f.charge(named(chargeOf(id, amountIn(eur, 15, 1)), "k"))
	again := f.charge(named(chargeOf(id, amountIn(eur, 1500, 3)), "k"))
	if !again.Replayed {
		f.Errorf("%+v, want a replay", again)
	}
	f.want("limits of both answers", first.Limits, again.Limits)
	f.wantCode(f.charge(named(chargeOf(id, amountIn(eur, 151, 2)), "k")), ration.CodeIdempotencyMismatch)
	f.wantUse(id, eur, 150, 0)
}

func testAmountBeyondBounds(f *fixture) {
	tiny := f.meterIn(ration.MinUnit)
	for _, id := range []ration.KeyID{f.key(""), f.keyOf("1 " + tiny + "/day")} {
		f.deny(id, units(tiny, ration.MaxUnits), ration.CodeCostExceedsLimit, 0)
		f.wantUse(id, tiny, 0, 0)
	}
}

func testImportInUnit(f *fixture) {
	eur := f.meterIn(2)
	id := f.key("")
	day := admin.ImportedDay{Row: 1, KeyID: id, Meter: eur, Date: ration.DateID(2026, 7, 14), Used: 12_345, Unit: 3}
	done, err := f.doctor().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{day}})
	if err != nil {
		f.Fatal(err)
	}
	f.want("imported", admin.UsageImported{Rows: 1, Raised: 1, Added: 1235, Unit: 2}, done)
	if used := f.meter(id, eur).Used; used != 1235 {
		f.Errorf("%d used, want 1235 hundredths", used)
	}
}

func testFirstChargeWaits(f *fixture) {
	eur, id := uniqueName(), f.key("")
	decisions := f.during(func(begin func()) error {
		_, err := f.Store.SetMeter(f.Context(), eur, func(change *admin.MeterChange) error {
			begin()
			change.Meter.Unit, change.Meter.CreatedAt, change.Meter.UpdatedAt = 2, change.Now, change.Now
			change.Audit = entry("meter.set", "meter:"+eur)
			return nil
		})
		return err
	}, chargeOf(id, units(eur, 3)))
	f.want("charged", []ration.Amount{requests(1), amountIn(eur, 300, 2)}, decisions[0].Amounts)
	f.wantUse(id, eur, 300, 0)
}

func testLimitWaits(f *fixture) {
	eur, id := uniqueName(), f.key("")
	updated := make(chan error, 1)
	var once sync.Once
	_, err := f.Store.SetMeter(f.Context(), eur, func(change *admin.MeterChange) error {
		once.Do(func() {
			go func() {
				_, err := f.doctor().UpdateKey(f.Context(), "test", admin.KeyPatch{ID: id, SetOverrides: []ration.Override{override(f, "3 "+eur+"/day")}})
				updated <- err
			}()
		})
		change.Meter.Unit, change.Meter.CreatedAt, change.Meter.UpdatedAt = 2, change.Now, change.Now
		change.Audit = entry("meter.set", "meter:"+eur)
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	if err := <-updated; err != nil {
		f.Fatal(err)
	}
	if own := f.stored(id).Overrides[0]; own.Quantity != 300 || own.Unit != 2 {
		f.Errorf("%+v, want 300 hundredths", own)
	}
}

// testUnitRaces lets a unit and the first charges of keys race, from all instances. Each
// charge is counted in the unit that the meter has in the end.
func testUnitRaces(f *fixture) {
	stores := f.instances(3)
	for range unitRaces {
		eur := uniqueName()
		ids := []ration.KeyID{f.key(""), f.key(""), f.key("")}
		var racing sync.WaitGroup
		for i, id := range ids {
			racing.Go(func() {
				if _, err := chargeBatch(f, stores[i%len(stores)], chargeOf(id, units(eur, 3))); err != nil {
					f.Errorf("charging: %v", err)
				}
			})
		}
		_, err := admin.New(stores[len(stores)-1], admin.Config{}).SetMeter(f.Context(), "test", admin.MeterUnit{Name: eur, Unit: 2})
		racing.Wait()
		want := int64(300)
		if err != nil {
			f.wantError(err, ration.ErrConflict)
			want = 3
		}
		for _, id := range ids {
			f.wantUse(id, eur, want, 0)
		}
	}
}

// unitRaces is how often a unit races with charges.
const unitRaces = 20
