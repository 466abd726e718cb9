package storetest

import (
	"cmp"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// usage adds up what a key has used, as a store reports it.
func (k *modelKey) usage() ledger.Usage {
	k.meter(ration.MeterRequests) // which every key has from the start
	var usage ledger.Usage
	for name, meter := range k.meters {
		if name == ration.MeterRequests || len(meter.admitted)+len(meter.beyond)+len(meter.denied) > 0 {
			usage = append(usage, meter.usage(name))
		}
	}
	slices.SortFunc(usage, func(a, b ledger.MeterUsage) int {
		return meterOrder(a.Meter, b.Meter)
	})
	return usage
}

func (m *modelMeter) usage(name string) ledger.MeterUsage {
	usage := ledger.MeterUsage{Meter: name, Denied: int64(len(m.denied)), FirstRequestAt: m.first, LastRequestAt: m.last}
	usage.Used, usage.Reserved = m.sum(func(admission) bool { return true })
	for i, running := range m.running {
		usage.Windows[i] = ledger.Window{ID: running.id, EndsAt: running.ends}
		usage.Windows[i].Used, usage.Windows[i].Reserved = m.sum(func(entry admission) bool { return entry.periods[i] == running.id })
	}
	usage.Resets = m.resetsOf()
	usage.Rates[0] = m.rates[ration.PeriodSecond].stored()
	usage.Rates[1] = m.rates[ration.PeriodMinute].stored()
	return usage
}

// days adds up a key's history.
func (k *modelKey) days() []admin.UsageDay {
	type row struct {
		meter string
		date  ration.PeriodID
	}
	rows := map[row]*admin.UsageDay{}
	day := func(meter string, date ration.PeriodID) *admin.UsageDay {
		at := row{meter, date}
		if rows[at] == nil {
			rows[at] = &admin.UsageDay{KeyID: k.ID, KeyName: k.Name, Owner: k.Owner, Meter: meter, Date: date}
		}
		return rows[at]
	}
	for name, meter := range k.meters {
		for _, entry := range meter.admitted {
			d := day(name, entry.periods[1])
			d.Used += entry.used()
			d.LastRequestAt = entry.at
		}
		for _, entry := range meter.beyond {
			day(name, entry.periods[1]).Used += entry.used()
		}
		for _, denied := range meter.denied {
			day(name, denied.day).Denied++
		}
	}
	var days []admin.UsageDay
	for _, d := range rows {
		days = append(days, *d)
	}
	slices.SortFunc(days, compareDays)
	return days
}

// compareDays orders the history of one key.
func compareDays(a, b admin.UsageDay) int {
	return cmp.Or(cmp.Compare(a.Date, b.Date), meterOrder(a.Meter, b.Meter))
}

// hours adds up a key's history by UTC hour: hours in which something counts.
func (k *modelKey) hours() []admin.UsageHour {
	type row struct {
		meter string
		hour  ration.PeriodID
	}
	rows := map[row]*admin.UsageHour{}
	hour := func(meter string, periodID ration.PeriodID) *admin.UsageHour {
		at := row{meter, periodID}
		if rows[at] == nil {
			rows[at] = &admin.UsageHour{KeyID: k.ID, KeyName: k.Name, Owner: k.Owner, Meter: meter, Hour: periodID.Hour()}
		}
		return rows[at]
	}
	for name, meter := range k.meters {
		for _, entry := range slices.Concat(meter.admitted, meter.beyond) {
			hour(name, entry.periods[0]).Used += entry.used()
		}
		for _, denied := range meter.denied {
			hour(name, denied.hour).Denied++
		}
	}
	var hours []admin.UsageHour
	for _, h := range rows {
		hours = append(hours, *h)
	}
	return countedHours(hours)
}

// countedHours leaves out hours in which nothing counts any more, and puts the others of
// one key in order.
func countedHours(hours []admin.UsageHour) []admin.UsageHour {
	hours = slices.DeleteFunc(hours, func(h admin.UsageHour) bool { return h.Used == 0 && h.Denied == 0 })
	slices.SortFunc(hours, func(a, b admin.UsageHour) int {
		return cmp.Or(a.Hour.Compare(b.Hour), meterOrder(a.Meter, b.Meter))
	})
	return hours
}
