package console

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerKey() { c.get("/keys/{id}", c.key) }

// keyPage is what the page shows.
type keyPage struct {
	Key          rationadmin.KeyRecord
	Zone         string // of the key's periods
	At           time.Time
	State        string
	Limits       []limitRow
	Usage        []rationadmin.MeterUsage
	Days         chart
	Hours        *chart // of the last 48 hours; nil: hours are not recorded
	Reservations []ration.Reservation
	Events       []eventRow // the latest
	Audit        []auditRow
	Overrides    []overrideRow
	Answer       *answer // of "why was it refused?"
	Plans        []string
	Snippets     []snippet
	Secret       string // shown once, after it was made
	Meters       []string
	Labels       []string // of the secrets that can be rotated
	Updated      string   // when the key was last changed, for programs
}

// limitRow is a limit with where it comes from.
type limitRow struct {
	rationadmin.LimitExplanation
	Bar bar
}

// Source says where the limit comes from.
func (l *limitRow) Source() string {
	switch {
	case l.Plan != "":
		return "plan " + l.Plan
	case !l.Until.IsZero():
		return "the key’s own, for a time"
	}
	return "the key’s own"
}

// keyOf returns the key that the path of a request names.
func (v *visit) keyOf() (ration.KeyID, error) {
	id, err := ration.ParseKeyID(v.r.PathValue("id"))
	if err != nil {
		return id, ration.ErrNotFound
	}
	return id, nil
}

func (c *Console) key(v *visit) error {
	id, err := v.keyOf()
	if err != nil {
		return err
	}
	return c.showKey(v, id, "")
}

// chartDays is how many days the chart of a key has.
const chartDays = 30

// showKey shows a key, and a secret of it that was just made.
func (c *Console) showKey(v *visit, id ration.KeyID, secret string) error {
	question, asked, err := questionOf(v, id)
	if err != nil {
		return err
	}
	status, err := v.Operations.ShowKey(v.ctx, id)
	if err != nil {
		return err
	}
	explained, err := v.Operations.ExplainKey(v.ctx, question)
	if err != nil {
		return err
	}
	page := keyPage{
		Key: status.KeyRecord, Zone: status.PeriodZone, At: status.At, State: stateOf(&status.Key, status.At),
		Usage: status.Usage, Reservations: explained.Reservations, Secret: secret,
	}
	for _, limit := range explained.Limits {
		page.Limits = append(page.Limits, limitRow{limit, barOf(&limit.LimitStatus)})
	}
	if asked {
		page.Answer = answerOf(&explained)
	}
	for _, usage := range status.Usage {
		page.Meters = append(page.Meters, usage.Meter)
	}
	page.Updated = page.Key.UpdatedAt.UTC().Format(time.RFC3339Nano)
	for i := range page.Key.Secrets {
		one := &page.Key.Secrets[i]
		if one.RevokedAt.IsZero() && !one.ExpiredAt(status.At) && !slices.Contains(page.Labels, one.Label) {
			page.Labels = append(page.Labels, one.Label)
		}
	}
	if err := page.readCharts(v, id); err != nil {
		return err
	}
	if page.Events, err = v.latestEventsOf(id, page.Zone); err != nil {
		return err
	}
	entries, err := v.Operations.ListAudit(v.ctx, admin.AuditFilter{Target: id.String(), Limit: 20})
	if err != nil {
		return err
	}
	page.Audit = auditRows(entries)
	if page.Plans, err = v.planNames(); err != nil {
		return err
	}
	if page.Key.Plan != "" && !slices.Contains(page.Plans, page.Key.Plan) {
		page.Plans = append(page.Plans, page.Key.Plan) // so that a form that is sent back keeps it
	}
	page.Overrides = overrideRows(page.Key.Overrides, status.At)
	page.Snippets = c.snippets()
	v.show(200, "key", layout{Title: page.Key.Name, Section: "/keys", Page: page})
	return nil
}

// questionOf reads the request that a visitor describes; asked is false if they don't.
func questionOf(v *visit, id ration.KeyID) (question rationadmin.ExplainQuestion, asked bool, err error) {
	question.KeyID = id
	form := v.r.URL.Query()
	question.Scope = strings.TrimSpace(form.Get("scope"))
	if text := strings.TrimSpace(form.Get("ip")); text != "" {
		if question.IP, err = netip.ParseAddr(text); err != nil {
			return question, true, &ration.InvalidError{Field: "ip", Reason: "write an address, such as 203.0.113.7 or 2001:db8::1"}
		}
	}
	if text := strings.TrimSpace(form.Get("units")); text != "" {
		units, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return question, true, &ration.InvalidError{Field: "units", Reason: "write a whole number, such as 1"}
		}
		meter := form.Get("meter")
		if meter == "" {
			meter = ration.MeterRequests
		}
		question.Amounts = []ration.Amount{{Meter: meter, Units: units}}
	}
	return question, form.Has("why"), nil
}

// answer says what would become of the request that a visitor described.
type answer struct {
	Code       ration.Code
	OK         bool
	RetryAfter time.Duration
	Verdicts   []rationadmin.LimitExplanation
}

func answerOf(explained *rationadmin.Explanation) *answer {
	return &answer{explained.Code, explained.Code == ration.CodeOK, explained.RetryAfter, explained.Limits}
}

// readCharts reads what the key used by day and, where that is recorded, by hour.
func (p *keyPage) readCharts(v *visit, id ration.KeyID) error {
	zone, err := ration.LoadZone(p.Zone)
	if err != nil {
		return err
	}
	today := ration.DateID(p.At.In(zone).Date())
	first := today - chartDays + 1
	days, err := v.Operations.UsageDays(v.ctx, admin.UsageFilter{KeyID: id, Meter: ration.MeterRequests, From: first})
	if err != nil {
		return err
	}
	p.Days = usageChart(24*time.Hour, chartDays, first.Date())
	for i := range days {
		p.Days.count(days[i].Date.Date(), days[i].Used, days[i].Denied)
	}
	report, err := v.Operations.SumUsage(v.ctx, rationadmin.UsageQuestion{
		UsageFilter: admin.UsageFilter{KeyID: id, Meter: ration.MeterRequests, From: ration.DateID(p.At.UTC().Date()) - 1},
		By:          []rationadmin.UsageGroup{rationadmin.ByHour}, Zone: "UTC",
	})
	if err != nil {
		return nil //nolint:nilerr // hours are recorded where the operator wants them, and not from the beginning
	}
	end := p.At.UTC().Truncate(time.Hour)
	hours := usageChart(time.Hour, 24, end.Add(-23*time.Hour))
	hours.Zone = p.Zone
	for i := range report.Sums {
		hours.count(report.Sums[i].Hour, report.Sums[i].Used, report.Sums[i].Denied)
	}
	p.Hours = &hours
	return nil
}

// usageChart returns a chart without values.
func usageChart(step time.Duration, steps int, start time.Time) chart {
	made := chart{Step: int64(step / time.Second), Series: []series{
		{Label: "used", Tone: "used", Values: make([]int64, steps)}, {Label: "refused", Tone: "refused", Values: make([]int64, steps)},
	}}
	for i := range steps {
		made.Times = append(made.Times, start.Add(time.Duration(i)*step).Unix())
	}
	return made
}

// count adds to the bars of a time. One that is not on the chart is left out.
func (c *chart) count(at time.Time, used, refused int64) {
	if n := (at.Unix() - c.Times[0]) / c.Step; n >= 0 && int(n) < len(c.Times) {
		c.Series[0].Values[n] += used
		c.Series[1].Values[n] += refused
	}
}

// overrideRow is an override with its place on a line of time.
type overrideRow struct {
	ration.Override
	From, Width int // percent of the line
	Ended       bool
}

// overrideRows orders overrides on a line from 30 days ago to 90 days ahead.
func overrideRows(overrides []ration.Override, now time.Time) []overrideRow {
	const day = 24 * time.Hour
	start, length := now.Add(-30*day), 120*day
	at := func(t time.Time) int { return max(0, min(100, int(t.Sub(start)*100/length))) }
	rows := make([]overrideRow, 0, len(overrides))
	for _, override := range overrides {
		row := overrideRow{Override: override, Ended: !override.RunsAt(now)}
		if !override.StartsAt.IsZero() {
			row.From = at(override.StartsAt)
		}
		row.Width = 100 - row.From
		if !override.ExpiresAt.IsZero() {
			row.Width = max(1, at(override.ExpiresAt)-row.From)
		}
		rows = append(rows, row)
	}
	return rows
}
