package adminclient

import (
	"cmp"
	"context"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
)

// Traffic implements admin.Operations.
func (o *Operations) Traffic(ctx context.Context, question admin.TrafficQuestion) (admin.TrafficReport, error) {
	query := client.TrafficQuery{From: date(question.From), To: date(question.To), Zone: question.Zone, Limit: cmp.Or(question.Limit, defaultDays)}
	for _, group := range question.By {
		query.GroupBy = append(query.GroupBy, string(group))
	}
	report, err := o.admin.Traffic(ctx, query)
	return answered(report, err, readTrafficReport)
}

func readTrafficReport(r api.TrafficReport) (report admin.TrafficReport, err error) {
	report = admin.TrafficReport{More: r.More, Since: orZero(r.Since)}
	if report.Sums, err = all(r.Sums, readTrafficSum); err != nil {
		return report, err
	}
	if report.From, err = readDate(r.From); err != nil {
		return report, err
	}
	report.To, err = readDate(r.To)
	return report, err
}

func readTrafficSum(s api.TrafficSum) (sum admin.TrafficSum, err error) {
	sum = admin.TrafficSum{Via: s.Via, Code: s.Code, Answers: s.Answers}
	if s.Hour != "" {
		if sum.Hour, err = time.Parse(time.RFC3339, s.Hour); err != nil {
			return sum, err
		}
	}
	day := s.Day
	if s.Month != "" {
		day = s.Month + "-01"
	}
	sum.Date, err = readDate(day)
	return sum, err
}
