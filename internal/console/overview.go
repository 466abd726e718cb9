package console

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerOverview() { c.get("/{$}", c.overview) }

// overviewPage is what the page shows.
type overviewPage struct {
	Range   trafficRange
	Ranges  []trafficRange
	Chart   chart
	Total   answers
	Today   answers
	Codes   []share              // why requests were refused
	Ways    []share              // through which way in all of them came
	Summary *rationadmin.Summary // nil: it is being made
	Near    []nearRow
	Trouble []finding
	Pending string // how many requests for a key nobody has decided; empty: none
	Example string // of a call
	IsNew   bool   // nothing was ever asked, and there is no key
}

// trafficRange is how far back the chart goes.
type trafficRange struct {
	Name, Text string
	Days       int // besides today
	Group      rationadmin.UsageGroup
	Step       time.Duration
}

var trafficRanges = []trafficRange{
	{"24h", "24 hours", 1, rationadmin.ByHour, time.Hour},
	{"7d", "7 days", 7, rationadmin.ByHour, time.Hour},
	{"30d", "30 days", 29, rationadmin.ByDay, 24 * time.Hour},
}

// answers counts answers to requests that ask for a decision.
type answers struct{ Admitted, Refused int64 }

// All returns the sum.
func (a answers) All() int64 { return a.Admitted + a.Refused }

// RefusedPart returns the refused ones of a hundred.
func (a answers) RefusedPart() string {
	part := 0.0
	if a.All() > 0 {
		part = float64(a.Refused) * 100 / float64(a.All())
	}
	if part < 10 && a.Refused > 0 {
		return fmt.Sprintf("%.1f %%", part)
	}
	return fmt.Sprintf("%.0f %%", part)
}

func (a *answers) add(sum *rationadmin.TrafficSum) {
	if sum.Code == string(ration.CodeOK) {
		a.Admitted += sum.Answers
	} else {
		a.Refused += sum.Answers
	}
}

// share is a part of all answers.
type share struct {
	Name    string
	Answers int64
	Bar     bar
}

// nearRow is a key that is near to one of its limits.
type nearRow struct {
	rationadmin.NearKey
	Bar bar
}

// shown is how many keys each list has.
const shown = 8

func (c *Console) overview(v *visit) error {
	page := overviewPage{Range: trafficRanges[1], Ranges: trafficRanges}
	for _, known := range trafficRanges {
		if known.Name == v.r.FormValue("range") {
			page.Range = known
		}
	}
	if err := page.readTraffic(v, time.Now().UTC()); err != nil {
		return err
	}
	summary, err := v.Operations.Summary(v.ctx, rationadmin.SummaryQuestion{Limit: shown})
	switch {
	case errors.Is(err, rationadmin.ErrSummaryBeingMade):
	case err != nil:
		return err
	default:
		page.Summary = &summary
		for _, near := range summary.Near {
			page.Near = append(page.Near, nearRow{near, barOf(&near.Limit)})
		}
	}
	page.Trouble = c.findings.trouble(v)
	if page.Pending, err = v.pendingText(); err != nil {
		return err
	}
	keys, err := v.Operations.ListKeys(v.ctx, admin.KeyFilter{Limit: 1})
	if err != nil {
		return err
	}
	page.IsNew, page.Example = len(keys.Keys) == 0, c.snippets()[0].Text
	v.show(200, "overview", layout{Title: "Overview", Section: "/", Page: page})
	return nil
}

// readTraffic reads the answers of the page's range. A session that is narrowed to some
// keys sees none, since answers are not counted by key.
func (p *overviewPage) readTraffic(v *visit, now time.Time) error {
	today := ration.DateID(now.Date())
	report, err := v.Operations.Traffic(v.ctx, rationadmin.TrafficQuestion{
		From: today - ration.PeriodID(p.Range.Days), To: today,
		By: []rationadmin.UsageGroup{p.Range.Group, rationadmin.ByVia, rationadmin.ByCode},
	})
	if errors.Is(err, admin.ErrOutOfReach) {
		return nil
	}
	if err != nil {
		return err
	}
	end := now.Truncate(p.Range.Step)
	start := end.Add(-time.Duration(p.Range.Days) * 24 * time.Hour)
	if p.Range.Step == time.Hour {
		start = start.Add(time.Hour)
	}
	steps := make([]answers, int(end.Sub(start)/p.Range.Step)+1)
	codes, ways := make(map[string]int64), make(map[string]int64)
	for i := range report.Sums {
		sum := &report.Sums[i]
		at := sum.Hour
		if at.IsZero() {
			at = sum.Date.Date()
		}
		if !at.Before(now.Truncate(24 * time.Hour)) {
			p.Today.add(sum)
		}
		if at.Before(start) || at.After(end) {
			continue
		}
		steps[int(at.Sub(start)/p.Range.Step)].add(sum)
		p.Total.add(sum)
		ways[sum.Via] += sum.Answers
		if sum.Code != string(ration.CodeOK) {
			codes[sum.Code] += sum.Answers
		}
	}
	p.Codes, p.Ways = shares(codes), shares(ways)
	p.Chart = trafficChart(steps, start, p.Range.Step)
	return nil
}

// shares orders counts, the greatest first.
func shares(counts map[string]int64) []share {
	var most int64
	sorted := make([]share, 0, len(counts))
	for name, count := range counts {
		sorted = append(sorted, share{Name: name, Answers: count})
		most = max(most, count)
	}
	slices.SortFunc(sorted, func(a, b share) int {
		if a.Answers != b.Answers {
			return int(b.Answers - a.Answers)
		}
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	for i := range sorted {
		sorted[i].Bar = bar{Used: int(sorted[i].Answers * 100 / most), Label: count(sorted[i].Answers)}
	}
	return sorted
}

func trafficChart(steps []answers, start time.Time, step time.Duration) chart {
	made := chart{Step: int64(step / time.Second), Series: []series{{Label: "admitted", Tone: "used"}, {Label: "refused", Tone: "refused"}}}
	for i, counted := range steps {
		made.Times = append(made.Times, start.Add(time.Duration(i)*step).Unix())
		made.Series[0].Values = append(made.Series[0].Values, counted.Admitted)
		made.Series[1].Values = append(made.Series[1].Values, counted.Refused)
	}
	return made
}
