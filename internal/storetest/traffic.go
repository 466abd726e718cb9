package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var trafficTests = []contractTest{
	{"counts of several instances add up, and what is written again does not", testTrafficAddsUp},
	{"sums are by time, way in and code", testTrafficGroups},
	{"hours of traffic add up to the days of a zone", testTrafficInZones},
	{"a report on traffic is bounded", testTrafficIsBounded},
	{"instances count at once", testTrafficAtOnce},
	{"traffic is kept as long as days are", testTrafficIsKept},
}

// hourOfTraffic begins each of these tests in a year of its own.
func hourOfTraffic(f *fixture, test int) time.Time {
	f.setNow(noon.AddDate(2*test, 0, 0))
	return f.now
}

// answers writes what a counter has counted: a way in, a code and their count each.
func (f *fixture) answers(hour time.Time, counter uuid.UUID, counts ...admin.AnswerCount) {
	f.Helper()
	if err := f.Store.WriteTraffic(f.Context(), admin.TrafficCounts{Hour: hour, Counter: counter, Answers: counts}); err != nil {
		f.Fatalf("writing traffic: %v", err)
	}
}

func answered(via, code string, answers int64) admin.AnswerCount {
	return admin.AnswerCount{Via: via, Code: code, Answers: answers}
}

// trafficOf adds up the days from a date on.
func (f *fixture) trafficOf(question admin.TrafficQuestion) admin.TrafficReport {
	f.Helper()
	report, err := f.doctor().Traffic(f.Context(), question)
	if err != nil {
		f.Fatalf("adding up traffic: %v", err)
	}
	for i := range report.Sums {
		report.Sums[i].Hour = report.Sums[i].Hour.UTC()
	}
	return report
}

func testTrafficAddsUp(f *fixture) {
	hour := hourOfTraffic(f, 1)
	first, second := uuid.New(), uuid.New()
	f.answers(hour, first) // nothing was counted yet
	f.answers(hour, first, answered("proxy", "ok", 3), answered("proxy", "key_unknown", 1))
	f.answers(hour, first, answered("proxy", "ok", 5), answered("verify", "ok", 1))
	f.answers(hour, first, answered("proxy", "ok", 5), answered("verify", "ok", 1)) // again, as after a lost answer
	f.answers(hour, first, answered("proxy", "ok", 4))                              // too late
	f.answers(hour, second, answered("proxy", "ok", 20))
	f.answers(hour.Add(-time.Hour), first, answered("proxy", "ok", 100)) // of another hour
	report := f.trafficOf(admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByVia, admin.ByCode}, From: ration.DateID(hour.Date())})
	f.want("sums", []admin.TrafficSum{
		{Via: "proxy", Code: "ok", Answers: 125}, {Via: "proxy", Code: "key_unknown", Answers: 1}, {Via: "verify", Code: "ok", Answers: 1},
	}, report.Sums)
	f.want("one sum", []admin.TrafficSum{{Answers: 127}}, f.trafficOf(admin.TrafficQuestion{}).Sums)
	f.want("no sum", []admin.TrafficSum(nil), f.trafficOf(admin.TrafficQuestion{To: report.From - 1}).Sums)
}

func testTrafficGroups(f *fixture) {
	hour, counter := hourOfTraffic(f, 2), uuid.New()
	today := ration.DateID(hour.Date())
	for i, at := range []time.Time{hour.AddDate(0, -1, 0), hour.AddDate(0, 0, -1), hour.Add(-time.Hour), hour} {
		f.answers(at, counter, answered("proxy", "ok", int64(1+i)), answered("verify", "quota_exceeded", int64(10+i)), answered("proxy", "quota_exceeded", 10))
	}
	sums := func(by ...admin.UsageGroup) []admin.TrafficSum {
		return f.trafficOf(admin.TrafficQuestion{By: by}).Sums
	}
	f.want("by day", []admin.TrafficSum{{Date: today - 30, Answers: 21}, {Date: today - 1, Answers: 23}, {Date: today, Answers: 52}}, sums(admin.ByDay))
	f.want("by month", []admin.TrafficSum{{Date: ration.DateID(2030, 6, 1), Answers: 21}, {Date: ration.DateID(2030, 7, 1), Answers: 75}}, sums(admin.ByMonth))
	f.want("by code and month", []admin.TrafficSum{
		{Date: ration.DateID(2030, 6, 1), Code: "quota_exceeded", Answers: 20},
		{Date: ration.DateID(2030, 6, 1), Code: "ok", Answers: 1},
		{Date: ration.DateID(2030, 7, 1), Code: "quota_exceeded", Answers: 66},
		{Date: ration.DateID(2030, 7, 1), Code: "ok", Answers: 9},
	}, sums(admin.ByCode, admin.ByMonth))
	f.want("by way in and code", []admin.TrafficSum{
		{Via: "verify", Code: "quota_exceeded", Answers: 46}, {Via: "proxy", Code: "quota_exceeded", Answers: 40}, {Via: "proxy", Code: "ok", Answers: 10},
	}, sums(admin.ByCode, admin.ByVia))
	question := admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByHour, admin.ByVia}, From: today}
	f.want("by hour and way in", []admin.TrafficSum{
		{Hour: hour.Add(-time.Hour), Via: "proxy", Answers: 13},
		{Hour: hour.Add(-time.Hour), Via: "verify", Answers: 12},
		{Hour: hour, Via: "proxy", Answers: 14},
		{Hour: hour, Via: "verify", Answers: 13},
	}, f.trafficOf(question).Sums)
	question.Limit = 3
	if report := f.trafficOf(question); len(report.Sums) != 3 || !report.More || report.From != today || report.To != today {
		f.Errorf("%+v; want three sums of today, and more", report)
	}
	question.Limit = 4
	if report := f.trafficOf(question); len(report.Sums) != 4 || report.More {
		f.Errorf("%+v; want four sums and no more", report)
	}
}

// testTrafficInZones counts one answer in each hour of two weeks in which clocks change
// in Berlin: on 25 March, which has 23 hours, in 2040.
func testTrafficInZones(f *fixture) {
	counter := uuid.New()
	begin := time.Date(2040, 3, 19, 0, 0, 0, 0, time.UTC)
	for hour := begin; hour.Before(begin.AddDate(0, 0, 14)); hour = hour.Add(time.Hour) {
		f.answers(hour, counter, answered("other", "other", 1))
	}
	f.setNow(begin.AddDate(0, 0, 10))
	day := func(zone string, date ration.PeriodID) int64 {
		report := f.trafficOf(admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByDay}, Zone: zone, From: date, To: date})
		if len(report.Sums) != 1 || report.Sums[0].Date != date {
			f.Fatalf("%+v; want one day", report)
		}
		return report.Sums[0].Answers
	}
	f.want("a day in Berlin", int64(24), day("Europe/Berlin", ration.DateID(2040, 3, 24)))
	f.want("the day that is shorter", int64(23), day("Europe/Berlin", ration.DateID(2040, 3, 25)))
	f.want("that day in UTC", int64(24), day("", ration.DateID(2040, 3, 25)))
	f.want("a day that began before there were counts", int64(15), day("Asia/Tokyo", ration.DateID(2040, 3, 19)))
	f.want("a day that begins before the counts end", int64(9), day("Asia/Tokyo", ration.DateID(2040, 4, 2)))
	_, err := f.doctor().Traffic(f.Context(), admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByDay}, Zone: "Asia/Kolkata"})
	f.wantInvalid(err, "zone")
}

func testTrafficIsBounded(f *fixture) {
	today := ration.DateID(hourOfTraffic(f, 3).Date())
	by := func(groups ...admin.UsageGroup) admin.TrafficQuestion { return admin.TrafficQuestion{By: groups} }
	for _, row := range []struct {
		name     string
		question admin.TrafficQuestion
		field    string // empty: it is answered
	}{
		{"400 days", admin.TrafficQuestion{From: today - 399}, ""},
		{"401 days", admin.TrafficQuestion{From: today - 400}, "from"},
		{"400 days up to a past one", admin.TrafficQuestion{From: today - 499, To: today - 100}, ""},
		{"tomorrow", admin.TrafficQuestion{From: today + 1}, ""},
		{"an end before the beginning", admin.TrafficQuestion{From: today, To: today - 1}, "to"},
		{"a zone that isn't", admin.TrafficQuestion{Zone: "Mars/Utopia'--"}, "zone"},
		{"days of keys", by(admin.ByKey), "group_by"},
		{"a group that isn't", by("via'--"), "group_by"},
		{"a group twice", by(admin.ByVia, admin.ByVia), "group_by"},
		{"two times", by(admin.ByHour, admin.ByDay), "group_by"},
		{"a negative limit", admin.TrafficQuestion{Limit: -1}, "limit"},
	} {
		_, err := f.doctor().Traffic(f.Context(), row.question)
		wrong := (*ration.InvalidError)(nil)
		if row.field == "" && err != nil || row.field != "" && (!errors.As(err, &wrong) || wrong.Field != row.field) {
			f.Errorf("%s: %v, want %q refused", row.name, err, row.field)
		}
	}
}

// testTrafficAtOnce writes what some counters count, each from two goroutines as after a
// write that was given up and goes on.
func testTrafficAtOnce(f *fixture) {
	hour := hourOfTraffic(f, 4)
	stores := append(f.instances(2), f.Store)
	var group sync.WaitGroup
	for _, store := range stores {
		counter := uuid.New()
		for range 2 {
			group.Go(func() {
				for i := range int64(20) {
					counts := admin.TrafficCounts{Hour: hour, Counter: counter, Answers: []admin.AnswerCount{answered("proxy", "ok", 1+i), answered("verify", "ok", 2+i)}}
					if err := store.WriteTraffic(f.Context(), counts); err != nil {
						f.Errorf("writing traffic: %v", err)
					}
				}
			})
		}
	}
	group.Wait()
	f.want("answers", []admin.TrafficSum{{Answers: int64(len(stores)) * 41}}, f.trafficOf(admin.TrafficQuestion{}).Sums)
}

func testTrafficIsKept(f *fixture) {
	hour, counter := hourOfTraffic(f, 5), uuid.New()
	for i := range 3 {
		f.answers(hour.Add(time.Duration(i)*time.Hour), counter, answered("proxy", "ok", 1), answered("proxy", "key_revoked", 1))
	}
	for _, row := range []struct {
		now  time.Time
		left int // hours
	}{{hour.Add(keptFor), 3}, {hour.Add(keptFor + time.Hour - time.Microsecond), 3}, {hour.Add(keptFor + time.Hour), 2}, {hour.Add(keptFor + 10*time.Hour), 0}} {
		f.setNow(row.now)
		f.purge()
		report := f.trafficOf(admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByHour}})
		since := time.Time{}
		if row.left < 3 {
			since = row.now.Add(-keptFor)
		}
		if len(report.Sums) != row.left || row.left < 3 && !report.Since.Equal(since) {
			f.Errorf("at %s there are %d hours since %s; want %d since %s", row.now, len(report.Sums), report.Since, row.left, since)
		}
	}
}
