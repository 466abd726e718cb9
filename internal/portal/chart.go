package portal

import (
	"strconv"
	"time"

	"github.com/ration-dev/ration/api"
)

// chart is what was used of a meter, day by day: a bar upwards for each day, and one
// downwards where calls were refused, on a scale of its own.
type chart struct {
	Meter, Used string
	Denied      int64
	MostUsed    string // on one day
	MostDenied  int64
	First, Last string // dates
	Height      int
	Days        []bar
}

// bar is one day of a chart. Days without any use have no height.
type bar struct {
	Date            string // "Mon 30 Nov"
	Used            string
	Denied          int64
	X               int
	Y, Height       string
	DeniedHeight    string // empty: none were refused
	IsEmpty, IsLast bool
}

// The geometry of a chart, in units of its view box.
const (
	barStep    = 10
	barSpace   = 100 // for what was used
	deniedFrom = 104
	deniedMost = 24
)

func newChart(meter *api.OwnMeter, from, to string) chart {
	first, _ := time.Parse(time.DateOnly, from)
	last, _ := time.Parse(time.DateOnly, to)
	days := make(map[string]api.OwnDay, len(meter.Days))
	var mostUsed float64
	c := chart{Meter: meter.Meter, Used: grouped(meter.Used), Denied: meter.Denied, MostUsed: "0", First: first.Format("2 Jan"), Last: last.Format("2 Jan"), Height: barSpace + 1}
	for _, day := range meter.Days {
		days[day.Date] = day
		if used := amount(day.Used); used > mostUsed {
			mostUsed, c.MostUsed = used, grouped(day.Used)
		}
		c.MostDenied = max(c.MostDenied, day.Denied)
	}
	if c.MostDenied > 0 {
		c.Height = deniedFrom + deniedMost
	}
	for date := first; !date.After(last); date = date.AddDate(0, 0, 1) {
		day := days[date.Format(time.DateOnly)]
		shown := bar{Date: date.Format("Mon 2 Jan"), Used: "0", Denied: day.Denied, X: len(c.Days) * barStep, IsLast: date.Equal(last)}
		if day.Used != "" {
			shown.Used = grouped(day.Used)
		}
		height := 0.0
		if mostUsed > 0 {
			height = barSpace * amount(day.Used) / mostUsed
		}
		if amount(day.Used) > 0 {
			height = max(height, 1.5) // or a day with little would look like one without
		}
		shown.Height, shown.Y = rounded(height), rounded(barSpace-height)
		if day.Denied > 0 {
			shown.DeniedHeight = rounded(max(2, deniedMost*float64(day.Denied)/float64(c.MostDenied)))
		}
		shown.IsEmpty = height == 0 && day.Denied == 0
		c.Days = append(c.Days, shown)
	}
	return c
}

// Width is that of the view box.
func (c chart) Width() int { return len(c.Days) * barStep }

func rounded(value float64) string { return strconv.FormatFloat(value, 'f', 1, 64) }
