package storetest

import (
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// zones differ in where midnight is.
var zones = []string{
	"", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo",
	"Pacific/Honolulu", "Pacific/Kiritimati", "Pacific/Pago_Pago",
}

// eve is a time shortly before something happens to a calendar.
type eve struct {
	at   time.Time
	zone string
}

var eves = []eve{
	{noon, ""},
	{time.Date(2011, 12, 28, 22, 0, 0, 0, time.UTC), "Pacific/Apia"},    // skips the 30th
	{time.Date(2010, 11, 5, 20, 0, 0, 0, time.UTC), "America/St_Johns"}, // sees the 7th begin twice
	{time.Date(2026, 9, 4, 20, 0, 0, 0, time.UTC), "America/Santiago"},  // the 6th begins at one
	{time.Date(2026, 3, 6, 20, 0, 0, 0, time.UTC), "America/New_York"},
	{time.Date(2026, 10, 23, 12, 0, 0, 0, time.UTC), "Europe/Berlin"},
	{time.Date(2027, 12, 30, 8, 0, 0, 0, time.UTC), "Asia/Kathmandu"},
	{time.Date(2028, 2, 28, 8, 0, 0, 0, time.UTC), "Pacific/Kiritimati"},
	{time.Date(2028, 12, 30, 8, 0, 0, 0, time.UTC), "America/Denver"}, // a leap year ends
}

func (m *machine) drawZone(rt *rapid.T) string {
	return rapid.OneOf(rapid.Just(m.eve.zone), rapid.SampledFrom(zones)).Draw(rt, "zone")
}

func (m *machine) drawStart(rt *rapid.T) time.Time {
	m.eve = rapid.SampledFrom(eves).Draw(rt, "eve")
	return m.eve.at.Add(time.Duration(rapid.Int64Range(0, int64(36*time.Hour/time.Microsecond)).Draw(rt, "later")) * time.Microsecond)
}

var meters = []string{ration.MeterRequests, ration.MeterRequests, "tokens", "calls"}

var periods = []ration.Period{
	ration.PeriodSecond, ration.PeriodMinute, ration.PeriodHour, ration.PeriodDay,
	ration.PeriodWeek, ration.PeriodMonth, ration.PeriodLifetime,
}

// drawLimit draws limits that a few charges exhaust, and some that none can.
func drawLimit(rt *rapid.T) ration.Limit {
	limit := ration.Limit{
		Meter:    rapid.SampledFrom(meters).Draw(rt, "meter"),
		Period:   rapid.SampledFrom(periods).Draw(rt, "period"),
		Quantity: rapid.OneOf(rapid.Int64Range(0, 12), rapid.SampledFrom([]int64{997, ration.MaxUnits})).Draw(rt, "quantity"),
	}
	if ration.KindOf(limit.Period) == ration.KindRate && limit.Quantity > 0 && limit.Quantity < 1000 {
		limit.Burst = rapid.Int64Range(0, 2*limit.Quantity).Draw(rt, "burst")
	}
	if rapid.Bool().Draw(rt, "named") {
		limit.Name = "own." + limit.Meter + "." + string(limit.Period)
	}
	limit, err := limit.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return limit
}

func drawLimits(rt *rapid.T) []ration.Limit {
	return rapid.SliceOfNDistinct(rapid.Custom(drawLimit), 0, 5, ration.Limit.Key).Draw(rt, "limits")
}

func drawOverride(rt *rapid.T, now time.Time) ration.Override {
	override := ration.Override{Limit: drawLimit(rt)}
	if override.Unlimited = rapid.IntRange(0, 3).Draw(rt, "unlimited") == 0; override.Unlimited {
		override.Quantity, override.Burst = 0, 0
	}
	if rapid.Bool().Draw(rt, "ends") {
		override.ExpiresAt = now.Add(drawShort(rt))
	}
	return override
}

// drawOtherLayer draws what is beneath a temporary override, or above a lasting one.
func drawOtherLayer(rt *rapid.T, override ration.Override, now time.Time) ration.Override {
	other := ration.Override{Limit: override.Limit}
	other.Quantity, other.Burst = rapid.Int64Range(0, 12).Draw(rt, "other quantity"), 0
	if rapid.Bool().Draw(rt, "other by default") {
		other.Name = ""
	}
	if other.Unlimited = rapid.IntRange(0, 3).Draw(rt, "other unlimited") == 0; other.Unlimited {
		other.Quantity = 0
	}
	if override.ExpiresAt.IsZero() {
		other.ExpiresAt = now.Add(drawShort(rt))
	}
	other, err := other.Normalize()
	if err != nil {
		rt.Fatal(err)
	}
	return other
}

// drawShort draws from nothing to two days, in whole microseconds.
func drawShort(rt *rapid.T) time.Duration {
	most := rapid.SampledFrom([]time.Duration{time.Microsecond, 3 * time.Second, 3 * time.Minute, 3 * time.Hour, 48 * time.Hour}).Draw(rt, "most")
	return time.Duration(rapid.Int64Range(0, int64(most/time.Microsecond)).Draw(rt, "µs")) * time.Microsecond
}

var drawUnits = rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, 15), rapid.SampledFrom([]int64{997, ration.MaxUnits}))

func (m *machine) drawPlan(rt *rapid.T) string {
	return rapid.SampledFrom(append([]string{""}, m.plans...)).Draw(rt, "plan")
}

func (m *machine) drawCharge(rt *rapid.T) item {
	key := m.drawKey(rt)
	charge := item{Charge: ration.Charge{KeyID: key.ID, DryRun: rapid.IntRange(0, 7).Draw(rt, "dry") == 0}}
	for _, meter := range rapid.SliceOfNDistinct(rapid.SampledFrom(meters), 0, 3, rapid.ID[string]).Draw(rt, "meters") {
		charge.Amounts = append(charge.Amounts, units(meter, drawUnits.Draw(rt, "units")))
	}
	switch rapid.IntRange(0, 9).Draw(rt, "how") {
	case 0:
		charge.KeyID = ration.NewKeyID()
	case 1:
		charge.SecretID = m.drawKey(rt).Secrets[0].ID // which may be another key's
	case 2, 3:
		charge.SecretID = rapid.SampledFrom(key.Secrets).Draw(rt, "secret").ID
	case 4:
		charge.Scope = rapid.SampledFrom([]string{"read", "write"}).Draw(rt, "scope")
	case 5:
		charge.IP = netip.MustParseAddr(rapid.SampledFrom([]string{"10.0.0.1", "10.1.0.1", "::1"}).Draw(rt, "ip"))
	}
	return charge
}

func (m *machine) drawKey(rt *rapid.T) *modelKey {
	return m.model.keys[rapid.SampledFrom(m.keys).Draw(rt, "key")]
}
