package sqladmin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// HistoryOfKeys implements admin.Usage.
//
// Statements start from key_usage, whose primary key finds the keys and their meters, and go
// on to days and hours by conditions on all of a key's columns: PostgreSQL by the primary
// keys of usage_days and usage_hours, SQLite by usage_days_key and usage_hours_key. With a
// list of keys alone, PostgreSQL may read all keys' history of these dates where it
// underestimates that.
func (s *Store) HistoryOfKeys(ctx context.Context, question admin.HistoryQuestion) (found admin.KeysHistory, err error) {
	err = s.db.Read(ctx, "reading what keys used", func(ctx context.Context, r Reader) error {
		found = admin.KeysHistory{}
		if found.Usage, err = r.Usage(ctx, question.Keys); err != nil {
			return err
		}
		if err := r.InOrder(ctx); err != nil {
			return err
		}
		if found.Days, err = readSteps(ctx, r, daySteps, &question, question.From, Row.Date); err != nil || question.HoursFrom.IsZero() {
			return err
		}
		if found.Hours, err = readSteps(ctx, r, hourSteps, &question, question.HoursFrom, hourOf); err != nil {
			return err
		}
		found.Hours = append(found.Hours, latestHours(found.Usage, &question)...)
		return r.Query(ctx, "SELECT since FROM usage_hours_since", func(row Row) { found.HoursSince = row.Time() })
	})
	sortSteps(found.Days)
	sortSteps(found.Hours)
	return found, err
}

// stepTable is a table of the history.
type stepTable struct{ name, time, used string }

var (
	daySteps  = stepTable{"usage_days", "d.date", "d.used"}
	hourSteps = stepTable{"usage_hours", "d.hour", "CASE WHEN d.used > d.given_back THEN d.used - d.given_back ELSE 0 END"}
)

func hourOf(row Row) ration.PeriodID { return ration.HourID(row.Time()) }

// readSteps reads a table from a time on; at reads its time.
func readSteps(ctx context.Context, r Reader, table stepTable, question *admin.HistoryQuestion, from any, at func(Row) ration.PeriodID) (steps []admin.UsedStep, err error) {
	var where Where
	where.And("u.api_key_id IN (?)", question.Keys)
	where.andOneOf("u.meter", question.Meters)
	where.And(table.time+" >= ?", from)
	sql := "SELECT d.api_key_id, d.meter, " + table.time + ", " + table.used + ", d.denied FROM key_usage u JOIN " + table.name +
		" d ON d.api_key_id = u.api_key_id AND d.meter = u.meter" + where.SQL()
	err = r.Query(ctx, sql, func(row Row) {
		steps = append(steps, admin.UsedStep{KeyID: row.ID(), Meter: row.Text(), ID: at(row), Used: row.Int(), Denied: row.Int()})
	}, where.Args...)
	return steps, err
}

// latestHours returns the hours that are not in the history yet.
func latestHours(of map[ration.KeyID]ledger.Usage, question *admin.HistoryQuestion) (steps []admin.UsedStep) {
	for id, usage := range of {
		for i := range usage {
			count := usage[i].Counted
			if counted := count.Net() > 0 || count.Denied > 0; counted && slices.Contains(question.Meters, usage[i].Meter) && !count.Hour.Hour().Before(question.HoursFrom) {
				steps = append(steps, admin.UsedStep{KeyID: id, Meter: usage[i].Meter, ID: count.Hour, Used: count.Net(), Denied: count.Denied})
			}
		}
	}
	return steps
}

func sortSteps(steps []admin.UsedStep) {
	slices.SortFunc(steps, func(a, b admin.UsedStep) int {
		return cmp.Or(slices.Compare(a.KeyID[:], b.KeyID[:]), strings.Compare(a.Meter, b.Meter), cmp.Compare(a.ID, b.ID))
	})
}
