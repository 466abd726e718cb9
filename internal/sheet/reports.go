package sheet

import (
	"slices"

	"github.com/ration-dev/ration/api"
)

// Audit are the columns of the audit log.
var Audit = Table[api.AuditEntry]{
	{Name: "at", Cell: func(e *api.AuditEntry) string { return Instant(&e.At) }},
	{Name: "actor", Cell: func(e *api.AuditEntry) string { return e.Actor }},
	{Name: "from", Cell: func(e *api.AuditEntry) string { return e.From }},
	{Name: "action", Cell: func(e *api.AuditEntry) string { return e.Action }},
	{Name: "target", Cell: func(e *api.AuditEntry) string { return e.Target }},
	{Name: "details", Cell: func(e *api.AuditEntry) string { return string(e.Details) }},
	{Name: "id", Wide: true, Cell: func(e *api.AuditEntry) string { return e.ID }},
	{Name: "token_id", Wide: true, Cell: func(e *api.AuditEntry) string { return e.TokenID }},
}

// UsageDays are the columns of usage by key, meter and day. An import of usage reads them.
var UsageDays = Table[api.UsageDay]{
	{Name: "date", Cell: func(d *api.UsageDay) string { return d.Date }},
	{Name: "key_id", Cell: func(d *api.UsageDay) string { return d.KeyID }},
	{Name: "key_name", Cell: func(d *api.UsageDay) string { return d.KeyName }},
	{Name: "owner", Cell: func(d *api.UsageDay) string { return d.Owner }},
	{Name: "meter", Cell: func(d *api.UsageDay) string { return d.Meter }},
	{Name: "used", Cell: func(d *api.UsageDay) string { return string(d.Used) }},
	{Name: "denied", Cell: func(d *api.UsageDay) string { return number(d.Denied) }},
	{Name: "last_request_at", Cell: func(d *api.UsageDay) string { return Instant(d.LastRequestAt) }},
}

// sumColumns are the columns of usage that is added up, by what it is added up by.
var sumColumns = map[string]Table[api.UsageSum]{
	"key": {
		{Name: "key_id", Cell: func(s *api.UsageSum) string { return s.KeyID }},
		{Name: "key_name", Cell: func(s *api.UsageSum) string { return *s.KeyName }},
		ownerColumn,
	},
	"owner": {ownerColumn},
	"plan":  {{Name: "plan", Cell: func(s *api.UsageSum) string { return *s.Plan }}},
	"hour":  {{Name: "hour", Cell: func(s *api.UsageSum) string { return s.Hour }}},
	"day":   {{Name: "day", Cell: func(s *api.UsageSum) string { return s.Day }}},
	"month": {{Name: "month", Cell: func(s *api.UsageSum) string { return s.Month }}},
}

var ownerColumn = Column[api.UsageSum]{Name: "owner", Cell: func(s *api.UsageSum) string { return *s.Owner }}

// UsageSums returns the columns of a report: those of its groups, the meter and the sums.
func UsageSums(report *api.UsageReport) (table Table[api.UsageSum]) {
	for _, group := range report.GroupBy {
		for _, column := range sumColumns[group] {
			if !slices.Contains(table.Names(), column.Name) { // an owner comes with its key already
				table = append(table, column)
			}
		}
	}
	table = append(table,
		Column[api.UsageSum]{Name: "meter", Cell: func(s *api.UsageSum) string { return s.Meter }},
		Column[api.UsageSum]{Name: "used", Cell: func(s *api.UsageSum) string { return string(s.Used) }},
		Column[api.UsageSum]{Name: "denied", Cell: func(s *api.UsageSum) string { return number(s.Denied) }})
	if report.Zone == "" { // hours don't say when in them
		table = append(table, Column[api.UsageSum]{Name: "last_request_at", Cell: func(s *api.UsageSum) string { return Instant(s.LastRequestAt) }})
	}
	return table
}
