package adminapi

import (
	"context"
	"net/http"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *API) registerTraffic() {
	exported[api.TrafficReport](a, operation{
		id: "traffic", method: http.MethodGet, path: "/traffic", tag: tagUsage, scope: scopeRead,
		summary: "Add up answers by way in and code",
		about:   "How many requests were let through, how many were refused, and why. These are counts to look at: a server writes them every few seconds, and loses the last ones if it is killed.",
	}, a.traffic)
}

type trafficInput struct {
	From    string             `query:"from" doc:"The first date, such as 2030-01-31. Absent: the first of 400 days."`
	To      string             `query:"to" doc:"The last date, included. Absent: today."`
	GroupBy []admin.UsageGroup `query:"group_by" enum:"hour,day,month,via,code" doc:"Several with commas. Absent: one sum of all answers."`
	Zone    string             `query:"zone" default:"UTC" doc:"The time zone of all days, months and hours, such as Europe/Berlin. Its days have to begin on full UTC hours."`
	Limit   int                `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"The most sums."`
	Form
}

func (a *API) traffic(ctx context.Context, c Caller, in *trafficInput) (_ *either, err error) {
	question := admin.TrafficQuestion{By: in.GroupBy, Zone: in.Zone, Limit: in.Limit}
	if question.From, err = readDate("?from", in.From); err != nil {
		return nil, err
	}
	if question.To, err = readDate("?to", in.To); err != nil {
		return nil, err
	}
	if in.isCSV() {
		question.Limit = mostSums
	}
	report, err := c.Operations.Traffic(ctx, question)
	if err != nil {
		return nil, err
	}
	shown := wire.TrafficReport(&report, &question)
	switch {
	case !in.isCSV():
		return asJSON(shown), nil
	case shown.More:
		return nil, invalidForm("?group_by", "these are more than 100000 sums: select fewer days, or group by less")
	}
	return asCSV(ctx, a, "traffic", sheet.Traffic(&shown), shown.Sums, func() ([]api.TrafficSum, error) { return nil, nil }), nil
}
