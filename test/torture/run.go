package torture

import (
	"fmt"
	"slices"
	"testing"
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
