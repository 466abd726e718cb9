package portal

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// grouped writes an amount with commas between its thousands.
func grouped(number api.Number) string {
	text := string(number)
	whole, decimals, hasDecimals := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	var out strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(digit)
	}
	if hasDecimals {
		return sign + out.String() + "." + decimals
	}
	return sign + out.String()
}

// count writes a number as grouped does.
func count(number int64) string { return grouped(api.Number(strconv.FormatInt(number, 10))) }

// spanWords writes a span of time in its two greatest units.
func spanWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 2*time.Minute:
		return counted(int(d/time.Second), "second")
	case d < 2*time.Hour:
		return counted(int((d+30*time.Second)/time.Minute), "minute")
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		if minutes := int(d/time.Minute) % 60; minutes != 0 {
			return counted(int(d/time.Hour), "hour") + " " + counted(minutes, "minute")
		}
		return counted(int(d/time.Hour), "hour")
	}
	return counted(int((d+12*time.Hour)/(24*time.Hour)), "day")
}

func counted(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// moment is an instant as a page shows it.
type moment struct {
	Machine string // RFC 3339
	In      string // "in 5 hours 12 minutes"
	On      string // "Tue 1 Dec 2026, 00:00"
}

// momentAt describes an instant as it is seen from now, in a zone. Nil: there is none.
func momentAt(at *time.Time, now time.Time, zone *time.Location) *moment {
	if at == nil {
		return nil
	}
	in := "now"
	if d := at.Sub(now); d > 0 {
		in = "in " + spanWords(d)
	}
	return &moment{Machine: at.UTC().Format(time.RFC3339), In: in, On: at.In(zone).Format("Mon 2 Jan 2006, 15:04")}
}

// zoneOf returns a key's time zone, which is known: reports were made by it.
func zoneOf(name string) *time.Location {
	zone, err := ration.LoadZone(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// perPeriod completes "1,000 requests …".
func perPeriod(limit *api.Limit) string {
	switch {
	case limit.Kind == string(ration.KindConcurrent):
		return "at once"
	case limit.Kind == string(ration.KindRate):
		return "at once, refilled every " + limit.Period
	case limit.Period == string(ration.PeriodLifetime):
		return "in total"
	}
	return "per " + cmp.Or(limit.Period, "period")
}
