package torture

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/ration-dev/ration/client"
)

// Report is what a run has shown.
type Report struct {
	Options  Options
	Evidence *Evidence
	Findings *Findings
	Struck   map[string]int // how often each fault happened that was planned
}

// Run tortures what the options say and judges it.
func Run(t *testing.T, options Options) *Report {
	t.Helper()
	r := newRig(t, options)
	w := r.startWorkload()
	m := r.newNemesis()
	m.rage(w.start.Add(options.Duration))
	w.stop()
	r.drain()
	report := &Report{Options: options, Evidence: w.evidence(), Struck: m.struck}
	report.Findings = Check(report.Evidence)
	for _, fault := range w.faults {
		report.Findings.Violations = append(report.Findings.Violations, fmt.Sprintf("an answer that nobody may get: %v", fault))
	}
	return report
}

// evidence adds to what clients were told what the upstream saw and what is recorded.
func (w *workload) evidence() *Evidence {
	w.rig.Helper()
	recorded := make(map[string]int64)
	for day, err := range w.rig.nodes[0].admin.UsageDays(context.Background(), client.UsageDaysQuery{Paging: client.Paging{PageSize: 1000}}) {
		if err != nil {
			w.rig.Fatal(err)
		}
		if day.Meter == "requests" {
			recorded[day.KeyID] += whole(day.Used)
		}
	}
	for _, s := range w.subjects {
		s.Seen, s.Recorded = int64(w.rig.upstream.Seen(s.Key)), recorded[s.Key]
	}
	return &Evidence{Subjects: w.subjects}
}

// Missing returns the faults that were planned and never happened.
func (r *Report) Missing() (names []string) {
	for name, times := range r.Struck {
		if times == 0 {
			names = append(names, name)
		}
	}
	if r.Findings.Unknown == 0 {
		names = append(names, "a fault that hit a call under way")
	}
	slices.Sort(names)
	return names
}

// Line is what a person remembers of a run.
func (r *Report) Line() string {
	f := r.Findings
	return fmt.Sprintf("%s, %s, %s admitted, %s recorded%s, %s over; %s, seed %d", count(r.Options.instances(), "instance"), count(r.Struck[killed], "kill"),
		digits(f.Admitted), digits(f.Recorded), f.lost(), digits(f.Over), r.Options.Store, r.Options.Seed)
}

// lost explains the difference between what was admitted and what is recorded.
func (f *Findings) lost() string {
	if f.Recorded == f.Admitted {
		return ""
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
