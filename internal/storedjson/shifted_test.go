package storedjson_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

func TestShiftedPeriodsComeBackAsTheyWere(t *testing.T) {
	windows := []ledger.ShiftedWindow{
		{Window: ledger.Window{ID: ration.DateID(2026, 7, 15), EndsAt: time.Date(2026, 7, 16, 6, 0, 0, 0, time.UTC), Used: 4}, Period: "day from 06:00", Epoch: 1},
		{Window: ledger.Window{ID: 3, Used: 5, Reserved: 6}, Period: "month from day 4", Epoch: 9, Refunded: ration.MaxTotalUnits},
	}
	got, err := storedjson.ReadShifted([]byte(storedjson.Shifted(windows)))
	if diff := cmp.Diff(windows, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := storedjson.ReadShifted([]byte(storedjson.Shifted(nil))); err != nil || got != nil {
		t.Errorf("%+v, %v; want none", got, err)
	}
	if _, err := storedjson.ReadShifted([]byte(`{}`)); err == nil {
		t.Error("what is no list is read")
	}
}
