package adminclient

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

func readPlanPreviewed(p api.PlanPreviewed) (read admin.PlanPreviewed, err error) {
	read = admin.PlanPreviewed{Keys: p.Keys, Refused: p.KeysRefused, More: p.More}
	if read.Plan, err = readPlan(p.Plan); err != nil {
		return read, err
	}
	if read.From, err = readDate(p.From); err != nil {
		return read, err
	}
	if read.To, err = readDate(p.To); err != nil {
		return read, err
	}
	if read.Meters, err = all(p.Meters, readPreviewedMeter); err != nil {
		return read, err
	}
	if read.Limits, err = all(p.Limits, readPreviewedLimit); err != nil {
		return read, err
	}
	read.Worst, err = all(p.Worst, readPreviewedKey)
	return read, err
}

func readPreviewedMeter(m api.PreviewedMeter) (admin.PreviewedMeter, error) {
	counts, unit, err := units(m.Used, m.Refused)
	if err != nil {
		return admin.PreviewedMeter{}, err
	}
	return admin.PreviewedMeter{Meter: m.Meter, Unit: unit, Used: counts[0], Refused: counts[1], Denied: m.Denied}, nil
}

func readPreviewedLimit(l api.PreviewedLimit) (admin.PreviewedLimit, error) {
	read := admin.PreviewedLimit{
		Changed: l.Changed, Keys: l.Keys, Periods: l.Periods, Overridden: l.Overridden,
		Unknown: l.Unknown, UnknownKeys: l.UnknownKeys, Since: orZero(l.Since),
	}
	counts, err := readCounts(&read.Limit, l.Limit, l.Refused)
	if err == nil {
		read.Refused = counts[0]
	}
	return read, err
}

func readPreviewedKey(k api.PreviewedKey) (read admin.PreviewedKey, err error) {
	read = admin.PreviewedKey{KeyName: k.KeyName, Owner: k.Owner, Plan: k.Plan}
	if read.KeyID, err = ration.ParseKeyID(k.KeyID); err != nil {
		return read, err
	}
	if read.Meters, err = all(k.Meters, readPreviewedMeter); err != nil {
		return read, err
	}
	read.Limits, err = all(k.Limits, readPreviewedKeyLimit)
	return read, err
}

func readPreviewedKeyLimit(l api.PreviewedKeyLimit) (admin.PreviewedKeyLimit, error) {
	read := admin.PreviewedKeyLimit{Count: l.Count}
	numbers := []api.Number{l.Refused}
	for _, period := range l.Periods {
		numbers = append(numbers, period.Used, period.Refused)
	}
	counts, err := readCounts(&read.Limit, l.Limit, numbers...)
	if err != nil {
		return read, err
	}
	read.Refused = counts[0]
	for i, period := range l.Periods {
		id, err := readBegin(period.Begins)
		if err != nil {
			return read, err
		}
		read.Periods = append(read.Periods, admin.PreviewedPeriod{Period: id, Used: counts[1+2*i], Refused: counts[2+2*i]})
	}
	return read, nil
}

// readCounts reads a limit, and numbers on its meter in one unit with its own.
func readCounts(into *ration.Limit, limit api.PlanLimit, numbers ...api.Number) (counts []int64, err error) {
	if *into, err = readLimit(limit); err != nil {
		return nil, err
	}
	counts, unit, err := units(append(numbers, limit.Quantity, limit.Burst)...)
	if err == nil {
		into.Unit, into.Quantity, into.Burst = unit, counts[len(numbers)], counts[len(numbers)+1]
	}
	return counts, err
}

// readBegin reads the id of a period: a date, an hour, or nothing.
func readBegin(text string) (ration.PeriodID, error) {
	if hour, err := time.Parse(time.RFC3339, text); err == nil {
		return ration.HourID(hour), nil
	}
	return readDate(text)
}
