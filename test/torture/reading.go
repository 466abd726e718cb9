package torture

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ration-dev/ration/client"
)

// mostReadings is how often a key is read again whose history has changed meanwhile.
const mostReadings = 5

// evidence adds to what clients were told what the upstream saw and what is recorded. The
// history and the keys are read one after the other. A reservation that was made when the
// clock was ahead may expire between, so a key is read again if its history has changed.
func (w *workload) evidence() *Evidence {
	w.rig.Helper()
	ended, days := time.Since(w.rig.start), w.days()
	for _, s := range w.subjects {
		s.Seen = int64(w.rig.upstream.Seen(s.Key))
		w.read(s, days[s.Key])
	}
	days = w.days()
	for _, s := range w.subjects {
		for range mostReadings {
			if slices.Equal(s.Days, days[s.Key]) {
				break
			}
			w.read(s, days[s.Key])
			days[s.Key] = w.days(s.Key)[s.Key]
		}
	}
	return &Evidence{Started: w.rig.start, Ended: ended, Subjects: w.subjects, Steps: w.rig.steps}
}

// days reads the history of all keys, or of some.
func (w *workload) days(keys ...string) map[string][]Day {
	w.rig.Helper()
	days := make(map[string][]Day)
	for day, err := range w.rig.nodes[0].admin.UsageDays(context.Background(), client.UsageDaysQuery{Keys: keys, Paging: client.Paging{PageSize: 1000}}) {
		if err != nil {
			w.rig.Fatal(err)
		}
		of := days[day.KeyID]
		i := slices.IndexFunc(of, func(d Day) bool { return d.Date == day.Date })
		if i < 0 {
			i, of = len(of), append(of, Day{Date: day.Date})
		}
		switch day.Meter {
		case "requests":
			of[i].Used = whole(day.Used)
		case failedMeter:
			of[i].Kept = whole(day.Used)
		}
		days[day.KeyID] = of
	}
	for _, of := range days {
		slices.SortFunc(of, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	}
	return days
}

// read reads what a key has in the end beside its history, and lets that be the last
// operation on it.
func (w *workload) read(s *Subject, days []Day) {
	w.rig.Helper()
	s.Days, s.Recorded, s.Kept = days, 0, 0
	for _, day := range days {
		s.Recorded, s.Kept = s.Recorded+day.Used, s.Kept+day.Kept
	}
	op, _ := w.asked(s, Read, 0, "")
	key, _, err := w.rig.nodes[0].admin.ShowKey(context.Background(), s.Key)
	if errors.Is(err, client.ErrNotFound) {
		s.Lost = true
		return
	}
	if err != nil || len(key.Limits) != 1 {
		w.rig.Fatalf("reading %s: %d limits, %v", s.Key, len(key.Limits), err)
	}
	limit := &key.Limits[0]
	op.Returned, op.Outcome = time.Since(w.rig.start), Done
	op.Standing, op.Limit = whole(limit.Used)+whole(limit.Reserved), whole(limit.Quantity)
	op.Period = periodOf(limit.ResetsAt)
	for _, usage := range key.Usage {
		if usage.Meter == "requests" {
			s.Counted, s.Held = whole(usage.Used), whole(usage.Reserved)
		}
	}
	if s.Class != Register {
		return
	}
	s.Operations = slices.DeleteFunc(s.Operations, func(op Operation) bool { return op.Kind == Read }) // an earlier one
	s.note(op)
}
