package storetest

import (
	"errors"
	"net/netip"
	"reflect"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// usage reads what a key has used.
func (f *fixture) usage(id ration.KeyID) ledger.Usage {
	f.Helper()
	usage, now, err := f.Store.KeyUsage(f.Context(), id)
	if err != nil {
		f.Fatalf("reading usage: %v", err)
	}
	if !now.Equal(f.now) {
		f.Errorf("usage was read at %s, want %s", now, f.now)
	}
	return usage
}

// meter reads what a key has used on one meter: the zero MeterUsage if nothing.
func (f *fixture) meter(id ration.KeyID, meter string) ledger.MeterUsage {
	f.Helper()
	if entry := f.usage(id).Meter(meter); entry != nil {
		return *entry
	}
	return ledger.MeterUsage{Meter: meter}
}

// days reads a key's history.
func (f *fixture) days(id ration.KeyID) []admin.UsageDay {
	f.Helper()
	days, err := f.Store.UsageDays(f.Context(), admin.UsageFilter{KeyID: id})
	if err != nil {
		f.Fatalf("reading history: %v", err)
	}
	return days
}

// state is all that a charge can change.
type state struct {
	Usage ledger.Usage
	Days  []admin.UsageDay
	Key   admin.KeyRecord
}

func (f *fixture) state(id ration.KeyID) state {
	f.Helper()
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatalf("reading %s: %v", id, err)
	}
	return state{Usage: f.usage(id), Days: f.days(id), Key: record}
}

// options compare what came back from a database with what went in.
var options = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.EquateComparable(netip.Prefix{}),
}

// sortOverrides is for what has no order of its own.
var sortOverrides = cmpopts.SortSlices(compareOverrides)

// want compares with what came back.
func (f *fixture) want(what string, want, got any, more ...cmp.Option) {
	f.Helper()
	if reflect.DeepEqual(want, got) { // which is quick, and nearly always so
		return
	}
	if diff := cmp.Diff(want, got, options, cmp.Options(more)); diff != "" {
		f.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantError wants an error by errors.Is.
func (f *fixture) wantError(got, want error) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Errorf("error %v, want %v", got, want)
	}
}
