package storetest

import (
	"errors"
	"fmt"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
)

var batchTests = []contractTest{
	{"the largest batch on one key", testLargestBatchOnOneKey},
	{"the most keys in one batch", testMostKeys},
	{"the most meters in one charge", testMostMeters},
	{"the largest amounts, up to where counts stop", testLargestAmounts},
	{"a charge that can't be stored breaks its batch and charges nothing", testPoison},
	{"text that is not text is stored as it is or refused whole", testHostileMeter},
}

func testLargestBatchOnOneKey(f *fixture) {
	const size, quota = 4096, 4000
	id := f.key(f.plan("4000/day").Name)
	decisions := f.batch(repeat(size, chargeOf(id, requests(1), units("tokens", 3)))...)
	for i, decision := range decisions {
		want, used := ration.CodeOK, int64(i+1)
		if i >= quota {
			want, used = ration.CodeQuotaExceeded, quota
		}
		if decision.Code != want || decision.Limits[0].Used != used {
			f.Fatalf("decision %d: %s with %d used, want %s with %d", i, decision.Code, decision.Limits[0].Used, want, used)
		}
	}
	entry, tokens := f.meter(id, ration.MeterRequests), f.meter(id, "tokens")
	if entry.Used != quota || entry.Denied != size-quota || tokens.Used != 3*quota {
		f.Errorf("used %d and %d tokens, denied %d", entry.Used, tokens.Used, entry.Denied)
	}
}

func testMostKeys(f *fixture) {
	const keys = 256
	plan := f.plan("10/day", "100 tokens/month")
	ids := make([]ration.KeyID, keys)
	var charges []item
	for i := range ids {
		ids[i] = f.key(plan.Name)
		charges = append(charges, chargeOf(ids[i], requests(1), units("tokens", int64(i))))
	}
	for i := range ids { // each once more, in the opposite order
		charges = append(charges, chargeOf(ids[keys-1-i], requests(2)))
	}
	decisions := f.batch(charges...)
	for i, id := range ids {
		first, second := decisions[i], decisions[2*keys-1-i]
		if first.KeyID != id || second.KeyID != id {
			f.Fatalf("decisions of key %d belong to %s and %s, want %s", i, first.KeyID, second.KeyID, id)
		}
		if i > 100 { // more tokens than the limit's size
			f.wantCode(first, ration.CodeCostExceedsLimit)
			f.wantRemaining(second, 8)
			continue
		}
		f.wantRemaining(first, 9, int64(100-i))
		f.wantRemaining(second, 7)
	}
}

func testMostMeters(f *fixture) {
	id := f.key(f.plan("10/day", "5 m15/day").Name)
	amounts := []ration.Amount{requests(1)}
	for i := 1; i < ration.MaxMetersPerCharge; i++ {
		amounts = append(amounts, units(fmt.Sprintf("m%02d", i), int64(i%5)))
	}
	f.wantRemaining(f.charge(chargeOf(id, amounts...)), 9, 5)
	amounts[15].Units = 5
	f.wantRemaining(f.charge(chargeOf(id, amounts...)), 8, 0)
	usage := f.usage(id)
	if len(usage) != ration.MaxMetersPerCharge {
		f.Fatalf("%d meters, want %d", len(usage), ration.MaxMetersPerCharge)
	}
	for i, entry := range usage {
		want := 2 * amounts[i].Units
		if i == 15 {
			want = 5
		}
		if entry.Meter != amounts[i].Meter || entry.Used != want {
			f.Errorf("meter %d is %s with %d used, want %s with %d", i, entry.Meter, entry.Used, amounts[i].Meter, want)
		}
	}
}

// testLargestAmounts fills a meter up to MaxTotalUnits, which is 512 charges of
// MaxUnits.
func testLargestAmounts(f *fixture) {
	const full = int(ration.MaxTotalUnits / ration.MaxUnits)
	id := f.key(f.plan("9007199254740992/day").Name)
	f.allow(id, requests(ration.MaxUnits), 0)
	f.allow(id, requests(0), 0)
	decisions := f.batch(repeat(full-1, chargeOf(id, requests(0), units("bytes", ration.MaxUnits)))...)
	for _, decision := range decisions {
		f.wantCode(decision, ration.CodeOK)
	}
	decisions = f.batch(
		chargeOf(id, requests(0), units("bytes", ration.MaxUnits-1)),
		chargeOf(id, requests(0), units("bytes", 2)),
		chargeOf(id, requests(0), units("bytes", 1)),
		chargeOf(id, requests(0), units("bytes", 1)),
		chargeOf(id, requests(0), units("bytes", 0)),
	)
	for i, want := range []ration.Code{
		ration.CodeOK, ration.CodeCostExceedsLimit, ration.CodeOK, ration.CodeCostExceedsLimit, ration.CodeOK,
	} {
		f.wantCode(decisions[i], want)
	}
	if used := f.meter(id, "bytes").Used; used != ration.MaxTotalUnits {
		f.Errorf("used %d, want %d", used, ration.MaxTotalUnits)
	}
}

// testPoison sends a negative amount, which no validation would let through:
// the schema's checks are the last to refuse a count below 0.
func testPoison(f *fixture) {
	plan := f.plan("10/day")
	id, other := f.key(plan.Name), f.key(plan.Name)
	f.allow(id, requests(1), 9)
	before, beforeOther := f.state(id), f.state(other)
	poison := chargeOf(id, requests(1), units("negative", -1))
	_, err := f.Store.Charge(f.Context(), testbatch.AsIs(chargeOf(other, requests(1)), poison, chargeOf(id, requests(1))))
	if err == nil || errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown) {
		f.Fatalf("error %v, want one that says that nothing was charged and that trying again is useless", err)
	}
	f.want("state of the key", before, f.state(id))
	f.want("state of another key in the batch", beforeOther, f.state(other))
	f.allow(id, requests(1), 8)
	f.allow(other, requests(1), 9)
}

// testHostileMeter sends names that validation refuses. What a database's text
// takes differs; that a name is neither cut nor changed does not.
func testHostileMeter(f *fixture) {
	for _, meter := range []string{"nul\x00nul", "\xff\xfe", "'; DROP TABLE key_usage; --", "Ünïcode ☃"} {
		id := f.key("")
		before := f.state(id)
		charge := chargeOf(id, requests(1), units(meter, 7))
		_, err := f.Store.Charge(f.Context(), testbatch.AsIs(charge))
		switch {
		case err == nil:
			if used := f.meter(id, meter).Used; used != 7 {
				f.Errorf("meter %q: used %d, want 7", meter, used)
			}
		case errors.Is(err, ration.ErrStoreUnavailable) || errors.Is(err, ration.ErrOutcomeUnknown):
			f.Errorf("meter %q: error %v, want a definite one", meter, err)
		default:
			f.want("state", before, f.state(id))
		}
	}
}
