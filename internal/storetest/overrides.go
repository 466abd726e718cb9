package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var overrideTests = []contractTest{
	{"an override replaces, lifts or adds a limit", testOverrideKinds},
	{"an override ends by itself", testOverrideEnds},
	{"an override keeps the name of the limit it replaces", testOverrideName},
	{"overrides come back as they were stored", testOverridesRoundTrip},
	{"a temporary override gives way to the lasting one beneath it", testOverrideLayers},
	{"a temporary override cuts, raises, lifts and unlifts while it runs", testOverrideLayerKinds},
	{"a lasting override can be changed and removed beneath a temporary one", testOverrideBeneathChanges},
	{"overrides in two layers come back as they were stored", testOverrideLayersRoundTrip},
	{"a rate keeps its backlog when its quantity changes", testRateChange},
	{"a rate forgets a clock that was ahead", testRateClamp},
}

func (f *fixture) override(id ration.KeyID, overrides ...ration.Override) admin.KeyRecord {
	f.Helper()
	return f.updateKey(id, func(change *admin.KeyChange) { change.Key.Overrides = overrides })
}

func testOverrideKinds(f *fixture) {
	id := f.key(f.plan("5/day", "3/hour").Name)
	f.allow(id, requests(2), 1, 3)
	f.override(id, override(f, "9/day"))
	f.allow(id, requests(1), 0, 6)
	lifted := ration.Override{Limit: parseLimits(f, "0/hour")[0], Unlimited: true}
	f.override(id, override(f, "9/day"), lifted)
	f.allow(id, requests(2), 4)
	f.override(id, lifted, override(f, "7/week"))
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.override(id)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 12*time.Hour)
	f.override(id, override(f, "6/hour"), override(f, "6/day"))
	f.allow(id, requests(1), 0, 0)
}

func testOverrideEnds(f *fixture) {
	id := f.key(f.plan("2/day").Name)
	raised := override(f, "5/day")
	raised.ExpiresAt = noon.Add(time.Hour)
	f.override(id, raised)
	f.allow(id, requests(3), 2)
	f.setNow(raised.ExpiresAt.Add(-time.Microsecond))
	f.allow(id, requests(1), 1)
	f.setNow(raised.ExpiresAt)
	f.wantRemaining(f.deny(id, requests(1), ration.CodeQuotaExceeded, 11*time.Hour), 0)
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatal(err)
	}
	f.want("the expired override", []ration.Override{raised}, record.Overrides)
}

func testOverrideName(f *fixture) {
	limit := parseLimits(f, "2/day")[0]
	limit.Name = "daily"
	plan := f.plan()
	f.updatePlan(plan.Name, func(p *ration.Plan) { p.Limits = []ration.Limit{limit} })
	id := f.key(plan.Name)
	f.override(id, override(f, "5/day"))
	if name := f.allow(id, requests(1), 4).Limits[0].Name; name != "daily" {
		f.Errorf("limit is named %s, want daily", name)
	}
	renamed := override(f, "6/day")
	renamed.Name = "mine"
	f.override(id, renamed)
	if name := f.allow(id, requests(1), 4).Limits[0].Name; name != "mine" {
		f.Errorf("limit is named %s, want mine", name)
	}
}

func testOverridesRoundTrip(f *fixture) {
	id := f.key("")
	ends := override(f, "3/second burst 40")
	ends.ExpiresAt = noon.Add(time.Microsecond)
	overrides := []ration.Override{
		ends,
		override(f, "9007199254740992 tokens/lifetime"),
		override(f, "0 tokens/month"),
		{Limit: parseLimits(f, "0/week")[0], Unlimited: true},
	}
	f.want("overrides as returned", overrides, f.override(id, overrides...).Overrides, sortOverrides)
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatal(err)
	}
	f.want("overrides as read", overrides, record.Overrides, sortOverrides)
	f.want("no overrides", []ration.Override(nil), f.override(id).Overrides)
}

// testRateChange halves a rate: what is owed stays, and comes back half as fast.
func testRateChange(f *fixture) {
	plan := f.plan("10/minute")
	id := f.key(plan.Name)
	f.allow(id, requests(10), 0)
	f.setLimits(plan.Name, "5/minute")
	f.deny(id, requests(1), ration.CodeRateExceeded, 72*time.Second)
	f.advance(72 * time.Second)
	f.allow(id, requests(1), 0)
	f.setLimits(plan.Name)
	f.allow(id, requests(100))
	f.setLimits(plan.Name, "5/minute")
	f.deny(id, requests(1), ration.CodeRateExceeded, 12*time.Second)
	f.setLimits(plan.Name, "10/minute burst 20") // of which 5 are owed
	f.allow(id, requests(15), 0)
}

func testRateClamp(f *fixture) {
	id := f.key(f.plan("2/minute").Name)
	f.advance(24 * time.Hour)
	f.allow(id, requests(2), 0)
	f.advance(-24 * time.Hour)
	f.deny(id, requests(1), ration.CodeRateExceeded, 30*time.Second)
	f.advance(30*time.Second - time.Microsecond)
	f.deny(id, requests(1), ration.CodeRateExceeded, time.Microsecond)
	f.advance(time.Microsecond)
	f.allow(id, requests(1), 0)
}
