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
// PostgreSQL finds days and hours by the primary keys of usage_days and usage_hours, SQLite
// by usage_days_key and usage_hours_key. The latest hour of each key and meter is in
// key_usage, whose rows both find by its primary key.
func (s *Store) HistoryOfKeys(ctx context.Context, question admin.HistoryQuestion) (found admin.KeysHistory, err error) {
	err = s.db.Read(ctx, "reading what keys used", func(ctx context.Context, r Reader) error {
		found = admin.KeysHistory{}
		if found.Usage, err = r.Usage(ctx, question.Keys); err != nil {
			return err
		}
		of := keysAndMeters(&question)
		of.And("date >= ?", question.From)
		if found.Days, err = readSteps(ctx, r, "SELECT api_key_id, meter, date, used, denied FROM usage_days", of, Row.Date); err != nil || question.HoursFrom.IsZero() {
			return err
		}
		of = keysAndMeters(&question)
		of.And("hour >= ?", question.HoursFrom)
		found.Hours, err = readSteps(ctx, r, "SELECT api_key_id, meter, hour, CASE WHEN used > given_back THEN used - given_back ELSE 0 END, denied FROM usage_hours", of,
			func(row Row) ration.PeriodID { return ration.HourID(row.Time()) })
		if err != nil {
			return err
		}
		found.Hours = append(found.Hours, latestHours(found.Usage, &question)...)
		return r.Query(ctx, "SELECT since FROM usage_hours_since", func(row Row) { found.HoursSince = row.Time() })
	})
	sortSteps(found.Days)
	sortSteps(found.Hours)
	return found, err
}

func keysAndMeters(question *admin.HistoryQuestion) (where Where) {
	where.And("api_key_id IN (?)", question.Keys)
	if meters := question.Meters; len(meters) == 1 {
		where.andText("meter", meters[0])
	} else {
		where.andOneOf("meter", meters)
	}
	return where
}

// readSteps reads a table of the history; time reads the third column.
func readSteps(ctx context.Context, r Reader, sql string, where Where, time func(Row) ration.PeriodID) (steps []admin.UsedStep, err error) {
	err = r.Query(ctx, sql+where.SQL(), func(row Row) {
		steps = append(steps, admin.UsedStep{KeyID: row.ID(), Meter: row.Text(), ID: time(row), Used: row.Int(), Denied: row.Int()})
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
