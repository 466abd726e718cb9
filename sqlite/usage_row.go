package sqlite

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

// usageColumns is what meterUsage reads: the key, then the meter.
const usageColumns = `api_key_id, meter, used, reserved, denied, first_request_at, last_request_at,
	hour_label, hour_ends_at, hour_used, hour_reserved,
	day_label, day_ends_at, day_used, day_reserved,
	week_label, week_ends_at, week_used, week_reserved,
	month_label, month_ends_at, month_used, month_reserved,
	second_rate_tat, second_rate_rest, minute_rate_tat, minute_rate_rest,
	second_rate_quantity, second_rate_quantity_tat, minute_rate_quantity, minute_rate_quantity_tat,
	counted_hour, counted_used, counted_given_back, counted_denied, resets, shifted`

func (r *row) meterUsage() ledger.MeterUsage {
	usage := ledger.MeterUsage{
		Meter: r.text(1), Used: r.int(2), Reserved: r.int(3), Denied: r.int(4),
		FirstRequestAt: r.time(5), LastRequestAt: r.time(6),
	}
	column := 7
	for i, period := range ration.WindowPeriods {
		usage.Windows[i] = ledger.Window{
			ID: r.periodID(period, column), EndsAt: r.time(column + 1),
			Used: r.int(column + 2), Reserved: r.int(column + 3),
		}
		column += 4
	}
	for i := range usage.Rates {
		usage.Rates[i] = ledger.RateState{TAT: r.time(column), Rest: r.int(column + 1)}
		column += 2
	}
	for i := range usage.Rates {
		if rate := &usage.Rates[i]; r.time(column + 1).Equal(rate.TAT) { // or a release that does not know the quantity moved the rate
			rate.Quantity = r.int(column)
		}
		column += 2
	}
	usage.Counted = r.hourCount(column)
	usage.Resets, usage.Shifted = r.resets(column+4), r.shifted(column+5)
	return usage
}

func (r *row) resets(column int) ledger.Resets {
	resets, err := storedjson.ReadResets([]byte(r.optionalText(column)))
	if err != nil {
		r.fail(column)
	}
	return resets
}

func (r *row) shifted(column int) []ledger.ShiftedWindow {
	windows, err := storedjson.ReadShifted([]byte(r.optionalText(column)))
	if err != nil {
		r.fail(column)
	}
	return windows
}

// rateValues appends the values of rates in the order of usageColumns.
func rateValues(values []any, rates *[len(ledger.RatePeriods)]ledger.RateState) []any {
	for i := range rates {
		values = append(values, micros(rates[i].TAT), rates[i].Rest)
	}
	for i := range rates {
		values = append(values, rates[i].Quantity, micros(rates[i].TAT))
	}
	return values
}

func (r *row) periodID(period ration.Period, column int) ration.PeriodID {
	if period == ration.PeriodHour {
		return ration.HourID(time.UnixMicro(r.int(column)))
	}
	return r.date(column)
}

// periodValue is the inverse of periodID.
func periodValue(period ration.Period, periodID ration.PeriodID) any {
	if period == ration.PeriodHour {
		return periodID.Hour().UnixMicro()
	}
	return dateText(periodID)
}
