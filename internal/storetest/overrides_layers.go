package storetest

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// until returns overrides that end at an instant, each of a limit as people write it.
func until(f *fixture, end time.Time, texts ...string) []ration.Override {
	f.Helper()
	overrides := make([]ration.Override, len(texts))
	for i, text := range texts {
		overrides[i] = override(f, text)
		overrides[i].ExpiresAt = end
	}
	return overrides
}

// lifting returns an override that lifts a limit, and ends if an end is given.
func lifting(f *fixture, text string, end time.Time) ration.Override {
	f.Helper()
	return ration.Override{Limit: parseLimits(f, text)[0], Unlimited: true, ExpiresAt: end}
}

// testOverrideLayers has no plan: a raise that buried the lasting limit would
// leave none.
func testOverrideLayers(f *fixture) {
	id, end := f.key(""), noon.Add(time.Hour)
	f.override(id, override(f, "2/day"), until(f, end, "3/day")[0])
	f.allow(id, requests(2), 1)
	f.setNow(end.Add(-time.Microsecond))
	f.allow(id, requests(1), 0)
	f.setNow(end)
	f.wantRemaining(f.deny(id, requests(1), ration.CodeQuotaExceeded, 11*time.Hour), 0)
	f.setNow(end.Add(-time.Microsecond)) // a clock that steps back finds it again
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 11*time.Hour+time.Microsecond)
	f.setNow(noon.Add(12 * time.Hour))
	f.allow(id, requests(2), 0)
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 24*time.Hour)
}

func testOverrideLayerKinds(f *fixture) {
	id, end := f.key(""), noon.Add(time.Hour)
	for _, row := range []struct {
		name      string
		above     ration.Override
		beneath   ration.Override
		remaining []int64 // while it runs, after a request more
		then      []int64 // from its end on, after a request more
	}{
		{"a cut", until(f, end, "2/day")[0], override(f, "10/day"), []int64{1}, []int64{8}},
		{"a raise", until(f, end, "100/day")[0], override(f, "10/day"), []int64{97}, []int64{6}},
		{"a lift", lifting(f, "0/day", end), override(f, "10/day"), nil, []int64{4}},
		{"a limit on what is lifted", until(f, end, "20/day")[0], lifting(f, "0/day", time.Time{}), []int64{13}, nil},
		{"another period", until(f, end, "20/week")[0], override(f, "10/day"), []int64{1, 11}, []int64{0}},
		{"another meter", until(f, end, "1 tokens/day")[0], override(f, "20/day"), []int64{9}, []int64{8}},
		{"a rate", until(f, end, "4/second")[0], override(f, "3/second"), []int64{3}, []int64{2}},
	} {
		f.setNow(noon)
		f.override(id, row.above, row.beneath)
		for _, want := range [][]int64{row.remaining, row.then} {
			decision := f.charge(chargeOf(id, requests(1)))
			f.want(row.name+" at "+f.now.String(), want, remainingOf(decision))
			f.setNow(end)
		}
	}
}

// testOverrideBeneathChanges goes through what administration leaves: the store
// keeps the layers apart however they come and go.
func testOverrideBeneathChanges(f *fixture) {
	id, end := f.key(f.plan("1/day").Name), noon.Add(time.Hour)
	above := until(f, end, "9/day")[0]
	f.override(id, override(f, "5/day"), above)
	f.override(id, override(f, "4/day"), above)
	f.allow(id, requests(3), 6)
	f.setNow(end)
	f.allow(id, requests(1), 0)
	f.override(id, override(f, "6/day"), until(f, end.Add(time.Hour), "5/day")[0]) // a second temporary one
	f.allow(id, requests(1), 0)
	f.setNow(end.Add(time.Hour))
	f.allow(id, requests(1), 0)
	f.override(id, until(f, end.Add(2*time.Hour), "7/day")[0]) // the lasting one is gone
	f.allow(id, requests(1), 0)
	f.setNow(end.Add(2 * time.Hour))
	f.deny(id, requests(1), ration.CodeQuotaExceeded, 9*time.Hour)
	f.override(id, override(f, "8/day")) // the temporary one is gone
	f.allow(id, requests(1), 0)
}

func testOverrideLayersRoundTrip(f *fixture) {
	id, end := f.key(""), noon.Add(time.Microsecond)
	beneath := override(f, "3/second burst 40")
	beneath.Name = "mine"
	overrides := append(until(f, end, "4/second", "1 tokens/day"),
		beneath, lifting(f, "0 tokens/day", time.Time{}), override(f, "7/day"), lifting(f, "0/day", end))
	f.want("overrides as returned", overrides, f.override(id, overrides...).Overrides, sortOverrides)
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatal(err)
	}
	f.want("overrides as read", overrides, record.Overrides, sortOverrides)
	listed, err := f.Store.ListKeys(f.Context(), admin.KeyFilter{Name: record.Name})
	if err != nil {
		f.Fatal(err)
	}
	f.want("overrides as listed", overrides, listed.Keys[len(listed.Keys)-1].Overrides, sortOverrides)
	f.want("no overrides", []ration.Override(nil), f.override(id).Overrides)
}

func remainingOf(decision ration.Decision) (remaining []int64) {
	for _, limit := range decision.Limits {
		remaining = append(remaining, limit.Remaining)
	}
	return remaining
}
