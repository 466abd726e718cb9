package storetest

import (
	"errors"
	"maps"
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

// days reads a key's history, and wants that by hour to add up to the same.
func (f *fixture) days(id ration.KeyID) []admin.UsageDay {
	f.Helper()
	days, err := f.Store.UsageDays(f.Context(), admin.UsageFilter{KeyID: id})
	if err != nil {
		f.Fatalf("reading history: %v", err)
	}
	byDay, byHour := map[string]sums{}, map[string]sums{}
	for _, day := range days {
		byDay[day.Meter] = byDay[day.Meter].plus(day.Used, day.Denied)
	}
	for _, hour := range f.hours(id) {
		byHour[hour.Meter] = byHour[hour.Meter].plus(hour.Used, hour.Denied)
	}
	maps.DeleteFunc(byDay, func(_ string, s sums) bool { return s == sums{} })
	maps.DeleteFunc(byHour, func(_ string, s sums) bool { return s == sums{} })
	f.want("the sums of all hours", byDay, byHour)
	return days
}

// sums are what was used and denied in some days or hours.
type sums struct{ Used, Denied int64 }

func (s sums) plus(used, denied int64) sums { return sums{s.Used + used, s.Denied + denied} }

// hours reads a key's history by UTC hour.
func (f *fixture) hours(id ration.KeyID) []admin.UsageHour {
	f.Helper()
	hours, err := f.Store.UsageHours(f.Context(), admin.HourFilter{KeyID: id})
	if err != nil {
		f.Fatalf("reading history by hour: %v", err)
	}
	return hours
}

// state is all that a charge can change.
type state struct {
	Usage ledger.Usage
	Days  []admin.UsageDay
	Hours []admin.UsageHour
	Key   admin.KeyRecord
}

func (f *fixture) state(id ration.KeyID) state {
	f.Helper()
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatalf("reading %s: %v", id, err)
	}
	return state{Usage: f.usage(id), Days: f.days(id), Hours: f.hours(id), Key: record}
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
