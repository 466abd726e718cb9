package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration/client"
)

// Report is what a run has shown.
type Report struct {
	Options   Options
	Evidence  *Evidence
	Findings  *Findings
	Struck    map[string]int // how often each fault happened that was planned
	Sometimes map[string]int // how often each other thing was seen that was planned
	Midnights int            // of which keys were charged before and after
}

// Run tortures what the options say and judges it.
func Run(t *testing.T, options Options) *Report {
	t.Helper()
	r := newRig(t, options)
	w := r.startWorkload()
	m := r.newNemesis()
	m.rage()
	w.stop()
	r.drain()
	report := &Report{Options: options, Evidence: w.evidence(), Struck: m.struck, Sometimes: w.sometimes}
	for _, what := range planned {
		report.Sometimes[what] += 0
	}
	if options.Times == 0 {
		report.Sometimes[sawPeriod] = report.Evidence.turned()
	}
	report.Midnights = report.Evidence.midnights()
	if options.Midnight {
		report.Sometimes[sawMidnight] = report.Midnights
		report.Sometimes[sawLateEnd], report.Sometimes[sawLateGiveBack] = report.Evidence.late()
	}
	report.Findings = Check(report.Evidence)
	for _, fault := range w.faults {
		report.Findings.Violations = append(report.Findings.Violations, fmt.Sprintf("an answer that nobody may get: %v", fault))
	}
	return report
}

// turned counts the keys that were charged in two periods.
func (e *Evidence) turned() (keys int) {
	for _, s := range e.Subjects {
		var last int64
		for i := range s.Operations {
			op := &s.Operations[i]
			if op.Outcome == Done && op.Kind == Charge && op.Period > 0 {
				if last > 0 && op.Period != last {
					keys++
					break
				}
				last = op.Period
			}
		}
	}
	return keys
}

// evidence adds to what clients were told what the upstream saw and what is recorded.
func (w *workload) evidence() *Evidence {
	w.rig.Helper()
	ended := time.Since(w.rig.start)
	admin, recorded := w.rig.nodes[0].admin, make(map[string]map[string]*Day)
	for day, err := range admin.UsageDays(context.Background(), client.UsageDaysQuery{Paging: client.Paging{PageSize: 1000}}) {
		if err != nil {
			w.rig.Fatal(err)
		}
		if recorded[day.KeyID] == nil {
			recorded[day.KeyID] = make(map[string]*Day)
		}
		of := recorded[day.KeyID][day.Date]
		if of == nil {
			of = &Day{Date: day.Date}
			recorded[day.KeyID][day.Date] = of
		}
		switch day.Meter {
		case "requests":
			of.Used = whole(day.Used)
		case failedMeter:
			of.Kept = whole(day.Used)
		}
	}
	for _, s := range w.subjects {
		s.Seen = int64(w.rig.upstream.Seen(s.Key))
		for _, day := range recorded[s.Key] {
			s.Days = append(s.Days, *day)
			s.Recorded, s.Kept = s.Recorded+day.Used, s.Kept+day.Kept
		}
		slices.SortFunc(s.Days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
		w.read(s)
	}
	return &Evidence{Started: w.rig.start, Ended: ended, Subjects: w.subjects, Steps: w.rig.steps}
}

// read reads what a key has in the end, and lets that be the last operation on it.
func (w *workload) read(s *Subject) {
	w.rig.Helper()
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
	if s.Class == Register {
		s.note(op)
	}
}

// Missing returns what was planned and never happened.
func (r *Report) Missing() (names []string) {
	for _, seen := range []map[string]int{r.Struck, r.Sometimes} {
		for name, times := range seen {
			if times == 0 {
				names = append(names, name)
			}
		}
	}
	if r.Findings.Unknown == 0 {
		names = append(names, "a fault that hit a call under way")
	}
	if r.Findings.Undecided > 0 {
		names = append(names, fmt.Sprintf("an order, or the proof that there is none, for %d histories", r.Findings.Undecided))
	}
	slices.Sort(names)
	return names
}

// Line is what a person remembers of a run.
func (r *Report) Line() string {
	f := r.Findings
	midnights := ""
	if r.Midnights > 0 || r.Options.Midnight {
		midnights = ", " + count(r.Midnights, "midnight")
	}
	return fmt.Sprintf("%s, %s%s, %s admitted, %s recorded%s, %s over; %s, seed %d", count(r.Options.instances(), "instance"), count(r.Struck[Kill], "kill"), midnights,
		digits(f.Admitted), digits(f.Recorded), f.lost(), digits(f.Over), r.Options.Store, r.Options.Seed)
}

// lost explains the difference between what was admitted and what is recorded.
func (f *Findings) lost() string {
	switch {
	case f.Recorded == f.Admitted:
		return ""
	case f.Recorded < f.Admitted:
		return fmt.Sprintf(" (%s are missing)", digits(f.Admitted-f.Recorded))
	}
	return fmt.Sprintf(" (%s of %s whose answers were lost)", digits(f.Recorded-f.Admitted), digits(f.Unknown))
}

func count(n int, what string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// digits writes a number with commas between its thousands.
func digits(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
