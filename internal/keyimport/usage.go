package keyimport

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/numeral"
)

// UsageMapping says which columns of a [Table] hold what of a count. Plain data; an
// empty column means that there is none, which only Meter and LastRequestAt may be.
type UsageMapping struct {
	Key           string `yaml:"key"`             // column of the key's id or secret
	Date          string `yaml:"date"`            // column of the local date; of a time, the date in it
	RequestCount  string `yaml:"request_count"`   // column of the units used on that date
	LastRequestAt string `yaml:"last_request_at"` // column of a time; without an offset it is UTC
	Meter         string `yaml:"meter"`           // column of the meter
}

// DefaultUsageMapping is the mapping of a table whose columns are called as the
// fields of a count, or in a usual other way: key, date, request_count, and where they
// are there, last_request_at and meter. It refuses other columns: a misspelt meter
// would be counted as requests. A table that "ration usage -o csv" has written is taken
// as it is.
func DefaultUsageMapping(table *Table) (UsageMapping, error) {
	if isExported(table) {
		return exportedMapping, nil
	}
	m := UsageMapping{
		Key: cmp.Or(table.known(usageKeyNames), "key"), Date: cmp.Or(table.known(dateNames), "date"),
		RequestCount:  cmp.Or(table.known(requestCountNames), "request_count"),
		LastRequestAt: table.known(lastRequestNames), Meter: table.known(meterNames),
	}
	if err := m.validate(table); err != nil {
		return m, err
	}
	for i, column := range table.columns {
		if !slices.Contains(m.columns(), column) {
			return m, fmt.Errorf("column %d of the file is unknown: use key, date, request_count, last_request_at and meter, or say in a mapping which columns contain what", i+1)
		}
	}
	return m, nil
}

func (m UsageMapping) validate(table *Table) error {
	if m.Key == "" || m.Date == "" || m.RequestCount == "" {
		return errors.New("mapping columns: key, date and request_count need a column")
	}
	for _, column := range m.columns() {
		if table.column(column) < 0 {
			return table.missing(column)
		}
	}
	return nil
}

func (m UsageMapping) columns() []string {
	all := []string{m.Key, m.Date, m.RequestCount, m.LastRequestAt, m.Meter}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// UsageRecord is a count to be imported.
type UsageRecord struct {
	Line   int               // where it stands, as in a [Finding]; the row is Day's
	Secret ration.Secret     // of the key, where Day has no id
	Day    admin.ImportedDay // as far as the file says
}

// UsagePlan is what an import of counts would do, and what is wrong with it.
type UsagePlan struct {
	Records  []UsageRecord // one for each row, those with problems included
	Findings []Finding     // by row, the file's own first
}

// NewUsagePlan reads the table by the mapping; rows whose meter is empty are about
// meter. An error means that the mapping is wrong or does not fit the table. What
// is wrong with rows, each by itself, is in the findings; a column that nothing
// reads is a warning.
func NewUsagePlan(table *Table, mapping UsageMapping, meter string) (UsagePlan, error) {
	if err := mapping.validate(table); err != nil {
		return UsagePlan{}, err
	}
	read := mapping.columns()
	if isExported(table) {
		read = append(read, exported...) // which are known, and nobody misses
	}
	plan := UsagePlan{Findings: unreadColumns(table, read)}
	rounded := 0
	for i, row := range table.rows {
		r := usageReading{cells: func(column string) string { return row.cell(table.column(column)) }}
		r.record = UsageRecord{Line: row.line, Day: admin.ImportedDay{Row: i + 1, Meter: meter}}
		r.read(mapping)
		plan.Records = append(plan.Records, r.record)
		plan.Findings = append(plan.Findings, r.findings...)
		if r.rounded {
			rounded++
		}
	}
	if rounded > 0 {
		plan.Findings = slices.Insert(plan.Findings, 0, Finding{Severity: Warning, Field: "request_count", Reason: fmt.Sprintf("%d of the counts are not whole numbers; what is finer than the unit of their meter is rounded up", rounded)})
	}
	return plan, nil
}

// Err joins the problems, each a [Finding]; nil if the plan may be carried out.
func (p UsagePlan) Err() error { return problemsIn(p.Findings) }

// Problem returns what is wrong with a record as an error that says where it stands.
func (r UsageRecord) Problem(field, reason string) error {
	return Finding{Severity: Problem, Row: r.Day.Row, Line: r.Line, Field: field, Reason: reason}
}

// usageReading turns one row into a record and notes what is wrong with it.
type usageReading struct {
	cells    func(column string) string
	record   UsageRecord
	rounded  bool // its count was no whole number
	findings []Finding
}

func (r *usageReading) read(mapping UsageMapping) {
	day := &r.record.Day
	r.readKey(r.cells(mapping.Key))
	if meter := r.cells(mapping.Meter); meter != "" {
		day.Meter = meter
	}
	date, readable := parseDate(r.cells(mapping.Date))
	if !readable {
		r.note("date", `use a date such as "2025-01-31", or a time that begins with it`)
	}
	day.Date = ration.DateID(date.Date())
	count, err := numeral.Parse(r.cells(mapping.RequestCount))
	if err != nil {
		r.note("request_count", err.Error())
	}
	day.Used, day.Unit, r.rounded = count.Units, count.Unit, count.Rounded || count.Unit > 0
	if text := r.cells(mapping.LastRequestAt); text != "" {
		at, ok := parseTime(text)
		if !ok {
			r.note("last_request_at", timeForm)
		}
		day.LastRequestAt = at.UTC()
	}
	if len(r.findings) > 0 {
		return
	}
	if invalid, wrong := errors.AsType[*ration.InvalidError](admin.ValidateDay(day)); wrong {
		r.note(invalid.Field, invalid.Reason)
	}
}

func (r *usageReading) readKey(text string) {
	if text == "" {
		r.note("key", "a count needs the id or the secret of its key")
	}
	if id, err := ration.ParseKeyID(text); err == nil {
		r.record.Day.KeyID = id
		return
	}
	r.record.Secret = ration.SecretFromText(text)
}

func (r *usageReading) note(field, reason string) {
	r.findings = append(r.findings, Finding{Severity: Problem, Row: r.record.Day.Row, Line: r.record.Line, Field: field, Reason: reason})
}

// parseDate reads a date, or the date of a time as it is written.
func parseDate(text string) (time.Time, bool) {
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return date, true
	}
	return parseTime(text)
}
