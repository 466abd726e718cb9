package admin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// zoneDays is how many days a report in a zone has at most if it is not told where
	// to begin.
	zoneDays = 400
	// mostZoneDays is how many days a report in a zone may have.
	mostZoneDays = 3660
)

// HourQuestion asks for sums of usage by UTC hour.
type HourQuestion struct {
	HourFilter // which keys and meters; From and To don't matter, and Limit is the most sums
	By         []UsageGroup
	Spans      []HourSpan // which hours are added up, in order; none overlap, and there is at least one
}

// HourSpan is the hours of a day, of a month, or of all days. Both ends are full UTC
// hours.
type HourSpan struct {
	Date ration.PeriodID // of its sums; 0: none
	From time.Time
	To   time.Time // not included
}

// sumInZone answers a question about days of one zone.
func (s *Service) sumInZone(ctx context.Context, question *UsageQuestion) (UsageReport, error) {
	zone, err := ration.LoadZone(question.Zone)
	if err != nil {
		return UsageReport{}, &ration.InvalidError{Field: "zone", Value: question.Zone, Reason: `use an IANA name such as "Europe/Berlin", or UTC`}
	}
	var days zoneInterval
	report, err := s.store.SumHours(ctx, func(now, since time.Time) (HourQuestion, error) {
		days = zoneInterval{name: question.Zone, zone: zone, first: question.From, last: question.To, instead: "leave the zone out to see each key's own days, which are right for keys in this zone, or use a zone that is whole hours from UTC"}
		if err := days.complete(now, since); err != nil {
			return HourQuestion{}, err
		}
		spans, err := days.spans(question.By)
		filter := HourFilter{
			KeyID: question.KeyID, Owner: question.Owner, Owners: question.Owners, Plans: question.Plans, Meter: question.Meter, Limit: question.Limit,
		}
		return HourQuestion{HourFilter: filter, By: question.By, Spans: spans}, err
	})
	report.From, report.To = days.first, days.last
	return report, err
}

// zoneInterval is some days of a zone.
type zoneInterval struct {
	name        string
	zone        *time.Location
	first, last ration.PeriodID // zero: to be chosen
	instead     string          // what to do where its days don't begin on full UTC hours
}

// complete chooses the days that were left open, and refuses days whose hours are not
// all known.
func (d *zoneInterval) complete(now, since time.Time) error {
	today := labelAt(ration.PeriodDay, now, d.zone)
	complete := ration.PeriodID(0)
	if !since.IsZero() {
		complete = labelAt(ration.PeriodDay, since, d.zone)
		if d.start(complete).Before(since) {
			complete++
		}
	}
	if d.last == 0 {
		d.last = max(today, d.first)
	}
	switch {
	case d.first == 0:
		d.first = min(max(complete, d.last-zoneDays+1), d.last)
	case d.last-d.first >= mostZoneDays:
		return &ration.InvalidError{Field: "from", Value: dateText(d.first), Reason: fmt.Sprintf("a report in a zone has at most %d days", mostZoneDays)}
	}
	if d.first < complete {
		return &ration.InvalidError{
			Field: "from", Value: dateText(d.first),
			Reason: fmt.Sprintf("the first day in %s of which all hours are known is %s: ask for days from then on, or leave the zone out to see each key's own days", d.name, dateText(complete)),
		}
	}
	return nil
}

// spans returns the hours of each group of days, at least one span: days that the zone has
// skipped have an empty one.
func (d *zoneInterval) spans(by []UsageGroup) (spans []HourSpan, err error) {
	byDay, byMonth := slices.Contains(by, ByDay), slices.Contains(by, ByMonth)
	for day := d.first; day <= d.last; day++ {
		span := HourSpan{From: d.start(day), To: d.start(day + 1)}
		for _, at := range []time.Time{span.From, span.To} {
			if at.Unix()%int64(time.Hour/time.Second) != 0 {
				return nil, d.uneven(at)
			}
		}
		switch {
		case byDay:
			span.Date = day
		case byMonth:
			span.Date = labelAt(ration.PeriodMonth, day.Date(), time.UTC)
		}
		if last := len(spans) - 1; last >= 0 && spans[last].Date == span.Date {
			spans[last].To = span.To
		} else if span.From.Before(span.To) { // or the zone has skipped the date
			spans = append(spans, span)
		}
	}
	if len(spans) == 0 {
		spans = []HourSpan{{Date: d.first, From: d.start(d.first), To: d.start(d.first)}}
	}
	return spans, nil
}

func (d *zoneInterval) uneven(at time.Time) error {
	return &ration.InvalidError{
		Field: "zone", Value: d.name,
		Reason: fmt.Sprintf("a day there begins at %s, and counts are kept by full UTC hours: %s", at.UTC().Format("2006-01-02T15:04Z"), d.instead),
	}
}

// start returns the first instant of a date, or of the next one if the zone skips it.
func (d *zoneInterval) start(date ration.PeriodID) time.Time {
	for before := date - 1; ; before-- {
		year, month, day := before.Date().Date()
		if id, ends := ration.PeriodAt(ration.PeriodDay, time.Date(year, month, day, 12, 0, 0, 0, d.zone), d.zone); id < date {
			return ends
		}
	}
}
