package wire

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// PlanPreviewed returns what a plan would have refused.
func PlanPreviewed(p admin.PlanPreviewed) api.PlanPreviewed {
	return api.PlanPreviewed{
		Plan: Plan(p.Plan), From: date(p.From), To: date(p.To), Keys: p.Keys, KeysRefused: p.Refused, More: p.More,
		Meters: convert(p.Meters, previewedMeter), Limits: convert(p.Limits, previewedLimit), Worst: convert(p.Worst, previewedKey),
	}
}

func previewedMeter(m admin.PreviewedMeter) api.PreviewedMeter {
	return api.PreviewedMeter{Meter: m.Meter, Used: number(m.Unit, m.Used), Refused: number(m.Unit, m.Refused), Denied: m.Denied}
}

func previewedLimit(l admin.PreviewedLimit) api.PreviewedLimit {
	return api.PreviewedLimit{
		Limit: Limit(l.Limit), Changed: l.Changed, Keys: l.Keys, Periods: l.Periods, Refused: number(l.Limit.Unit, l.Refused),
		Overridden: l.Overridden, Unknown: l.Unknown, UnknownKeys: l.UnknownKeys, Since: instant(l.Since),
	}
}

func previewedKey(k admin.PreviewedKey) api.PreviewedKey {
	return api.PreviewedKey{
		KeyID: k.KeyID.String(), KeyName: k.KeyName, Owner: k.Owner, Plan: k.Plan,
		Meters: convert(k.Meters, previewedMeter), Limits: convert(k.Limits, previewedKeyLimit),
	}
}

func previewedKeyLimit(l admin.PreviewedKeyLimit) api.PreviewedKeyLimit {
	unit := l.Limit.Unit
	return api.PreviewedKeyLimit{Limit: Limit(l.Limit), Count: l.Count, Refused: number(unit, l.Refused), Periods: convert(l.Periods, func(p admin.PreviewedPeriod) api.PreviewedPeriod {
		return api.PreviewedPeriod{Begins: beginOf(l.Limit.Period, p.Period), Used: number(unit, p.Used), Refused: number(unit, p.Refused)}
	})}
}

func beginOf(period ration.Period, id ration.PeriodID) string {
	switch period {
	case ration.PeriodLifetime:
		return ""
	case ration.PeriodHour:
		return id.Hour().Format(time.RFC3339)
	}
	return date(id)
}
