package storetest

import (
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var summaryTests = []contractTest{
	{"looks of any size find the same keys", testRankingLooks},
	{"keys that can't be used have no rank", testRankingOfUsable},
	{"keys of one rank are in the order of their ids", testRankingTies},
	{"today is each key's own day", testRankingInZones},
	{"a key is near that limit of which the smallest part remains", testNearestLimit},
	{"limits that are used up come first, whatever was charged beyond", testNearUsedUp},
	{"what is in flight counts", testRankingInFlight},
	{"what is reserved counts for limits only, until it is settled", testRankingReserved},
	{"what is given back does not count", testRankingRefunds},
	{"a reset empties limits, not the day", testRankingResets},
	{"amounts are in the units of their meters", testRankingUnits},
	{"each reach has its own ranks", testRankingReaches},
	{"a rate counts while it takes long to be whole again", testNearRate},
	{"a limit of the key's own counts in the place of its plan's", testNearOverride},
	{"a plan that starts later counts from then on", testRankingNextPlan},
}

// ranked is the keys that a test made after a mark.
type ranked struct {
	*fixture
	mark  ration.KeyID
	names map[ration.KeyID]string
}

func newRanked(f *fixture) *ranked {
	return &ranked{f, f.key(""), make(map[ration.KeyID]string)}
}

// key makes a key with limits of its own.
func (r *ranked) key(name string, limits ...string) ration.KeyID {
	r.Helper()
	id := r.keyWith(func(change *admin.KeyChange) {
		change.Key.Name, change.Key.Owner = name, "owner of "+name
		for _, limit := range limits {
			change.Key.Overrides = append(change.Key.Overrides, override(r, limit))
		}
	})
	r.names[id] = name
	return id
}

// ranking makes the ranking of all these keys, in looks of one key.
func (r *ranked) ranking() *admin.Ranking {
	r.Helper()
	return rank(r.fixture, r.mark, 1, admin.Reach{})[0]
}

// wantTop wants those that used a meter today, as "a 3".
func (r *ranked) wantTop(meter string, want ...string) {
	r.Helper()
	var got []string
	for _, key := range r.ranking().Top[meter] {
		for _, used := range key.Used {
			if used.Meter == meter {
				got = append(got, r.names[key.KeyID]+" "+used.Text())
			}
		}
	}
	r.want("those that used most "+meter, want, got)
}

// wantNear wants those that are near to a limit, as "a requests-day 50%".
func (r *ranked) wantNear(want ...string) {
	r.Helper()
	var got []string
	for _, key := range r.ranking().Near {
		if key.KeyName != r.names[key.KeyID] || key.Owner != "owner of "+key.KeyName || !key.At.Equal(r.now) {
			r.Errorf("%+v", key)
		}
		got = append(got, fmt.Sprintf("%s %s %d%%", key.KeyName, key.Limit.Name, key.Percent()))
	}
	r.want("those nearest to a limit", want, got)
}

func testRankingLooks(f *fixture) {
	r := newRanked(f)
	for i := range 5 {
		id := r.key(string(rune('a'+i)), "10/day")
		f.allow(id, requests(int64(i+1)), int64(9-i))
		if i == 2 {
			f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusDisabled })
		}
	}
	for _, look := range []int{1, 2, 3, 4, 5, 6, 1000} {
		ranking := rank(f, r.mark, look, admin.Reach{})[0]
		if ranking.Keys != 4 || len(ranking.Top[ration.MeterRequests]) != 4 || len(ranking.Near) != 4 || ranking.Near[3].KeyName != "a" {
			f.Errorf("looks at %d keys find %+v", look, ranking)
		}
	}
	empty := rank(f, ration.NewKeyID(), 1, admin.Reach{})[0]
	if empty.Keys != 0 || len(empty.Meters)+len(empty.Top)+len(empty.Near) != 0 || !empty.AsOf.Equal(f.now) {
		f.Errorf("without keys: %+v", empty)
	}
}

func testRankingOfUsable(f *fixture) {
	r := newRanked(f)
	for name, change := range map[string]func(*ration.Key){
		"active":    func(*ration.Key) {},
		"ends next": func(k *ration.Key) { k.ExpiresAt = f.now.Add(time.Microsecond) },
		"ends now":  func(k *ration.Key) { k.ExpiresAt = f.now },
		"ended":     func(k *ration.Key) { k.ExpiresAt = f.now.Add(-time.Hour) },
		"disabled":  func(k *ration.Key) { k.Status = ration.StatusDisabled },
		"revoked":   func(k *ration.Key) { k.Status = ration.StatusRevoked },
		"pending":   func(k *ration.Key) { k.Status = ration.StatusPending },
		"rejected":  func(k *ration.Key) { k.Status = ration.StatusRejected },
	} {
		id := r.key(name, "4/day")
		f.allow(id, requests(1), 3)
		f.updateKey(id, func(c *admin.KeyChange) { change(&c.Key.Key) })
	}
	r.key("never used", "4/day")
	ranking := r.ranking()
	if ranking.Keys != 3 || len(ranking.Near) != 2 || len(ranking.Top[ration.MeterRequests]) != 2 {
		f.Errorf("%+v", ranking)
	}
	f.advance(time.Microsecond)
	r.wantNear("active requests-day 25%")
	r.wantTop(ration.MeterRequests, "active 1")
}

func testRankingTies(f *fixture) {
	r := newRanked(f)
	// Parts are compared exactly, so that the last two are not one: they differ by less
	// than a float64 can say.
	for _, key := range []struct {
		name, limit string
		used        int64
	}{{"a", "8/day", 2}, {"b", "4/day", 1}, {"c", "9007199254740992/day", 2251799813685248}, {"d", "4/day", 3}, {"e", "9007199254740992/day", 2251799813685249}} {
		f.charge(chargeOf(r.key(key.name, key.limit), requests(key.used)))
	}
	r.wantNear("d requests-day 75%", "e requests-day 25%", "a requests-day 25%", "b requests-day 25%", "c requests-day 25%")
	f.charge(chargeOf(r.key("f"), requests(2)))
	r.wantTop(ration.MeterRequests, "e 2251799813685249", "c 2251799813685248", "d 3", "a 2", "f 2", "b 1")
}

func testRankingInZones(f *fixture) {
	r := newRanked(f)
	f.setNow(time.Date(2026, 7, 15, 9, 59, 0, 0, time.UTC))
	ids := make(map[string]ration.KeyID)
	for _, zone := range []string{"Etc/GMT-14", "", "Etc/GMT+12"} { // POSIX signs: UTC+14, UTC, UTC-12
		ids[zone] = r.key("in "+zone, "10/day")
		f.updateKey(ids[zone], func(change *admin.KeyChange) { change.Key.TimeZone = zone })
		f.charge(chargeOf(ids[zone], requests(5)))
	}
	r.wantTop(ration.MeterRequests, "in Etc/GMT-14 5", "in  5", "in Etc/GMT+12 5")
	f.setNow(time.Date(2026, 7, 15, 10, 0, 0, 0, time.UTC)) // midnight in UTC+14
	r.wantTop(ration.MeterRequests, "in  5", "in Etc/GMT+12 5")
	r.wantNear("in  requests-day 50%", "in Etc/GMT+12 requests-day 50%")
	f.charge(chargeOf(ids["Etc/GMT-14"], requests(1)))
	r.wantTop(ration.MeterRequests, "in  5", "in Etc/GMT+12 5", "in Etc/GMT-14 1")
	f.setNow(time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)) // midnight in UTC-12
	r.wantTop(ration.MeterRequests, "in  5", "in Etc/GMT-14 1")
	f.setNow(time.Date(2026, 7, 16, 0, 0, 0, 0, time.UTC))
	r.wantTop(ration.MeterRequests, "in Etc/GMT-14 1")
	r.wantNear("in Etc/GMT-14 requests-day 10%")
	f.setNow(time.Date(2026, 7, 16, 10, 0, 0, 0, time.UTC))
	if ranking := r.ranking(); len(ranking.Top)+len(ranking.Near)+len(ranking.Meters) != 0 || ranking.Keys != 3 {
		f.Errorf("a day later: %+v", ranking)
	}
}

func testNearestLimit(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "10/hour", "20/day", "40/month", "100/lifetime", "5 tokens/day")
	f.charge(chargeOf(id, requests(5), units("tokens", 1)))
	r.wantNear("a requests-hour 50%")
	f.advance(time.Hour)
	r.wantNear("a requests-day 25%")
	f.charge(chargeOf(id, units("tokens", 2)))
	r.wantNear("a tokens-day 60%")
	f.charge(chargeOf(id, requests(7)))
	r.wantNear("a requests-hour 80%")
	f.advance(24 * time.Hour)
	r.wantNear("a requests-month 32%")
	f.setNow(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	r.wantNear("a requests-lifetime 13%")
	r.wantTop(ration.MeterRequests)
}

func testNearUsedUp(f *fixture) {
	r := newRanked(f)
	plan := f.plan("10/day")
	lowered := r.keyWith(func(change *admin.KeyChange) {
		change.Key.Name, change.Key.Owner, change.Key.Plan = "lowered", "owner of lowered", plan.Name
	})
	r.names[lowered] = "lowered"
	f.charge(chargeOf(lowered, requests(10)))
	f.setLimits(plan.Name, "3/day")
	f.charge(chargeOf(r.key("almost", "1000/day"), requests(999)))
	f.charge(chargeOf(r.key("up", "1/day"), requests(1)))
	f.charge(chargeOf(r.key("nothing allowed", "0/day", "10 tokens/day"), requests(0), units("tokens", 1)))
	f.charge(chargeOf(r.key("no limit"), requests(1)))
	r.wantNear("lowered requests-day 100%", "up requests-day 100%", "almost requests-day 99%", "nothing allowed tokens-day 10%")
	f.setLimits(plan.Name, "0/day")
	r.wantNear("up requests-day 100%", "almost requests-day 99%", "nothing allowed tokens-day 10%")
}

func testRankingInFlight(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "2 at once", "10/day")
	lease := f.start(id)
	f.start(id)
	r.wantNear("a requests-concurrent 100%")
	f.charge(renewing(0, lease))
	r.wantNear("a requests-concurrent 50%")
	f.advance(leaseTTL)
	r.wantNear("a requests-day 20%")
}

func testRankingReserved(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "10/day")
	held := f.hold(id, ration.Hold{TTL: time.Hour}, requests(9))
	r.wantNear("a requests-day 90%")
	r.wantTop(ration.MeterRequests)
	f.settle(held, requests(2))
	r.wantNear("a requests-day 20%")
	r.wantTop(ration.MeterRequests, "a 2")
	f.void(f.hold(id, ration.Hold{TTL: time.Hour}, requests(5)))
	r.wantNear("a requests-day 20%")
	f.hold(r.key("b", "10/day"), ration.Hold{TTL: time.Hour}, requests(1))
	r.wantNear("a requests-day 20%", "b requests-day 10%")
}

func testRankingRefunds(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "100/day")
	f.charge(chargeOf(id, requests(3)))
	receipt := f.refundable(chargeOf(id, requests(1)))
	r.wantTop(ration.MeterRequests, "a 4")
	f.wantCode(f.charge(refunding(receipt)), ration.CodeOK)
	r.wantTop(ration.MeterRequests, "a 3")
	r.wantNear("a requests-day 3%")
	all := r.key("b", "100/day")
	f.wantCode(f.charge(refunding(f.refundable(chargeOf(all, requests(1))))), ration.CodeOK)
	r.wantTop(ration.MeterRequests, "a 3")
	r.wantNear("a requests-day 3%")
}

func testRankingResets(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "5/day", "10/month")
	f.charge(chargeOf(id, requests(4)))
	r.wantNear("a requests-day 80%")
	f.reset(id, "requests-day")
	r.wantNear("a requests-month 40%")
	f.reset(id)
	r.wantNear()
	r.wantTop(ration.MeterRequests, "a 4")
	f.charge(chargeOf(id, requests(1)))
	r.wantNear("a requests-day 20%")
	r.wantTop(ration.MeterRequests, "a 5")
}

func testRankingUnits(f *fixture) {
	r := newRanked(f)
	eur := f.meterIn(3)
	id := r.key("a")
	f.updateKey(id, func(change *admin.KeyChange) {
		limit, err := override(f, "12.50 "+eur+"/day").In(3)
		if err != nil {
			f.Fatal(err)
		}
		change.Key.Overrides = []ration.Override{{Limit: limit}}
	})
	f.charge(chargeOf(id, amountIn(eur, 625, 2), requests(1)))
	f.charge(chargeOf(r.key("b"), amountIn(eur, 7, 0)))
	r.wantTop(eur, "b 7", "a 6.25")
	r.wantNear("a " + eur + "-day 50%")
	ranking := r.ranking()
	if near := ranking.Near[0].Limit; near.Unit != 3 || near.Used != 6250 || near.Quantity != 12_500 {
		f.Errorf("%+v, want thousandths", near)
	}
	f.want("the other meters of a key", []ration.Amount{requests(1), amountIn(eur, 6250, 3)}, ranking.Top[eur][1].Used)
	f.want("meters", []string{ration.MeterRequests, eur}, ranking.Meters)
}

func testRankingReaches(f *fixture) {
	r := newRanked(f)
	plans := []string{f.plan("10/day").Name, f.plan("20/day").Name}
	for i, owner := range []string{`a'b%_\`, "b", `a'b%_\`, "b"} {
		id := r.keyWith(func(change *admin.KeyChange) {
			change.Key.Owner, change.Key.Plan, change.Key.Name = owner, plans[i/2], fmt.Sprint(i)
		})
		f.charge(chargeOf(id, requests(int64(i+1))))
	}
	for i, got := range rank(f, r.mark, 2,
		admin.Reach{}, admin.Reach{Owners: []string{`a'b%_\`}}, admin.Reach{Plans: plans[:1]},
		admin.Reach{Owners: []string{"b", "nobody"}, Plans: plans[1:]}, admin.Reach{Owners: []string{"nobody"}},
	) {
		var top, near string
		for _, key := range got.Top[ration.MeterRequests] {
			top += key.KeyName
		}
		for _, key := range got.Near {
			near += key.KeyName
		}
		want := []string{"3210 1320 4", "20 20 2", "10 10 2", "3 3 1", "  0"}[i]
		if found := fmt.Sprint(top, " ", near, " ", got.Keys); found != want {
			f.Errorf("reach %d: %q, want %q", i, found, want)
		}
	}
}

func testNearRate(f *fixture) {
	r := newRanked(f)
	id := r.key("a", "60/minute burst 120")
	f.charge(chargeOf(id, requests(30)))
	r.wantNear("a requests-rate-minute 25%") // whole again in 30 s
	f.advance(time.Microsecond)
	r.wantNear()
	f.charge(chargeOf(id, requests(90)))
	r.wantNear("a requests-rate-minute 100%")
	f.charge(chargeOf(r.key("b", "10/second"), requests(10)))
	r.wantNear("a requests-rate-minute 100%")
}

func testNearOverride(f *fixture) {
	r := newRanked(f)
	plan := f.plan("10/day", "100/month")
	id := r.keyWith(func(change *admin.KeyChange) {
		change.Key.Name, change.Key.Owner, change.Key.Plan = "a", "owner of a", plan.Name
	})
	r.names[id] = "a"
	f.charge(chargeOf(id, requests(5)))
	if near := r.ranking().Near[0]; near.Override || near.Percent() != 50 || near.Plan != plan.Name {
		f.Errorf("%+v, want the plan's limit", near)
	}
	raised := override(f, "50/day")
	raised.ExpiresAt = f.now.Add(time.Hour)
	f.override(id, raised)
	if near := r.ranking().Near[0]; !near.Override || near.Percent() != 10 {
		f.Errorf("%+v, want the key's own limit", near)
	}
	f.advance(time.Hour)
	r.wantNear("a requests-day 50%")
}

func testRankingNextPlan(f *fixture) {
	r := newRanked(f)
	now, next := f.plan("10/day"), f.plan("20/day")
	id := r.keyWith(func(change *admin.KeyChange) {
		change.Key.Name, change.Key.Owner, change.Key.Plan = "a", "owner of a", now.Name
	})
	r.names[id] = "a"
	f.charge(chargeOf(id, requests(5)))
	f.updateKey(id, func(change *admin.KeyChange) {
		change.Key.NextPlan, change.Key.NextPlanAt = next.Name, f.now.Add(time.Hour)
	})
	r.wantNear("a requests-day 50%")
	f.advance(time.Hour)
	r.wantNear("a requests-day 25%")
	if near := r.ranking().Near[0]; near.Plan != next.Name {
		f.Errorf("%+v, want the plan %s", near, next.Name)
	}
}
