package storedjson_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

func TestResetsComeBackAsTheyWere(t *testing.T) {
	resets := ledger.Resets{Epoch: 7}
	resets.Periods[0] = ledger.Reset{ID: 495_000, Epoch: 3, Used: 4}
	resets.Periods[1] = ledger.Reset{ID: ration.DateID(2026, 7, 15), Epoch: 7, Used: 5, Reserved: 6}
	resets.Periods[4] = ledger.Reset{Epoch: 1, Used: ration.MaxTotalUnits}
	text := storedjson.Resets(&resets)
	got, err := storedjson.ReadResets([]byte(text))
	if diff := cmp.Diff(resets, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if !strings.Contains(text, `{"period":"day","date":"2026-07-15","epoch":7,"used":5,"reserved":6}`) {
		t.Errorf("%s: want the day as people read it", text)
	}
	for _, none := range []string{storedjson.Resets(&ledger.Resets{}), ""} {
		if got, err := storedjson.ReadResets([]byte(none)); err != nil || got != (ledger.Resets{}) || none != "" {
			t.Errorf("%q: %+v, %v; want none", none, got, err)
		}
	}
	if _, err := storedjson.ReadResets([]byte(`{"periods": 7}`)); err == nil {
		t.Error("what is no reset is read")
	}
}
