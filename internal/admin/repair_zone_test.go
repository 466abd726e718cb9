package admin_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// TestRepairAfterAMoveGivesNoSecondQuota: a key moves to another time zone, and a
// clock is ahead once. What it used while the same period ran counts in that after a
// repair, as it would if every clock had been right.
func TestRepairAfterAMoveGivesNoSecondQuota(t *testing.T) {
	repaired := 0
	rapid.Check(t, func(rt *rapid.T) {
		w, truth := drawWandering(rt), (*wandering)(nil)
		w.policy.Limits = nil
		truth = newWandering(w.zone, w.now)
		truth.policy.Limits = nil
		charges := rapid.IntRange(2, 20).Draw(rt, "charges")
		moves := rapid.IntRange(1, charges-1).Draw(rt, "moves after")
		ahead, wrong := drawOffset.Draw(rt, "ahead"), rapid.IntRange(0, charges-1).Draw(rt, "wrong after")
		right := rapid.IntRange(wrong+1, charges).Draw(rt, "right after")
		for i := range charges {
			w.now = w.now.Add(drawPause.Draw(rt, "pause"))
			if w.offset = 0; wrong <= i && i < right {
				w.offset = ahead
			}
			if i == moves {
				w.move(rapid.SampledFrom(repairZones).Draw(rt, "to"))
				truth.move(w.zone)
			}
			units := rapid.Int64Range(0, 9).Draw(rt, "units")
			truth.now = w.now
			truth.charge(units)
			w.charge(units)
		}
		w.offset, w.now = 0, w.now.Add(drawPause.Draw(rt, "pause"))
		truth.now = w.now
		if !w.repair(rt) {
			return
		}
		repaired++
		w.charge(0) // begins what has to begin
		truth.charge(0)
		for _, period := range ration.WindowPeriods {
			got, want := w.window(period), truth.window(period)
			if got.ID <= want.ID && want.Used > got.Used {
				rt.Fatalf("the %s is %+v; with a right clock it is %+v", period, got, want)
			}
		}
	})
	if repaired == 0 {
		t.Error("nothing was ever repaired")
	}
}

// TestDayThatRunsOnIsKept: a day that a move to the east has lengthened runs on
// after a repair, and one that a move to the west has is not taken back.
func TestDayThatRunsOnIsKept(t *testing.T) {
	at := func(day, hour int) time.Time { return time.Date(2030, 6, day, hour, 10, 0, 0, time.UTC) }
	for name, test := range map[string]struct {
		from, to   string
		used, then time.Time // when the key is used and moves, and when it is repaired
		day        int
		ends       time.Time
		left       int64 // of 40, 30 of which were used before and 3 by the clock that was ahead
	}{
		"to the east":                     {"UTC", "Asia/Tokyo", at(15, 20), at(15, 21), 15, time.Date(2030, 6, 16, 12, 0, 0, 0, time.UTC), 7},
		"to the east, ended everywhere":   {"UTC", "Asia/Tokyo", at(15, 20), at(16, 12), 16, time.Date(2030, 6, 16, 15, 0, 0, 0, time.UTC), 37},
		"to the west":                     {"Asia/Tokyo", "UTC", at(15, 20), at(15, 21), 16, time.Date(2030, 6, 16, 0, 0, 0, 0, time.UTC), 7},
		"nowhere":                         {"Asia/Tokyo", "Asia/Tokyo", at(15, 10), at(15, 20), 16, time.Date(2030, 6, 16, 15, 0, 0, 0, time.UTC), 37},
		"far to the west":                 {"Pacific/Kiritimati", "Pacific/Pago_Pago", at(15, 12), at(15, 13), 16, time.Date(2030, 6, 16, 11, 0, 0, 0, time.UTC), 7},
		"far to the west, a day later":    {"Pacific/Kiritimati", "Pacific/Pago_Pago", at(15, 12), at(16, 9), 16, time.Date(2030, 6, 16, 11, 0, 0, 0, time.UTC), 7},
		"to the east, long after its end": {"UTC", "Asia/Tokyo", at(15, 20), at(18, 1), 18, time.Date(2030, 6, 18, 15, 0, 0, 0, time.UTC), 37},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWandering(test.from, test.used)
			w.charge(30)
			w.move(test.to)
			w.charge(0)
			w.now, w.offset = test.then, 10*24*time.Hour
			w.charge(3)
			w.offset = 0
			if !w.repair(t) {
				t.Error("nothing was repaired")
			}
			if day, want := w.window(ration.PeriodDay), (ledger.Window{ID: ration.DateID(2030, 6, test.day), EndsAt: test.ends, Used: 40 - test.left}); day != want {
				t.Errorf("the day is %+v, want %+v", day, want)
			}
		})
	}
}
