package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

const tagUsage = "usage"

func (a *API) registerUsage() {
	register(a, operation{
		id: "summary", method: http.MethodGet, path: "/summary", tag: tagUsage, scope: scopeRead,
		summary: "Show the keys that used most today and those nearest to a limit",
		about: "It is made in the background, about every 30 seconds while somebody asks, and says how old it is. The first answer may take a while: 503 summary_being_made means that it is not ready yet. " +
			"Limits that allow nothing at all don't count, nor rates that will be whole again within half a minute.",
	}, summarise)
	exported[api.UsageReport](a, operation{
		id: "sumUsage", method: http.MethodGet, path: "/usage", tag: tagUsage, scope: scopeRead,
		summary: "Add up usage", about: "Each key's days are those of its own time zone, unless zone names one for all. Usage of revoked keys counts.",
	}, a.sumUsage)
	exported[api.Page[api.UsageDay]](a, operation{
		id: "listUsageDays", method: http.MethodGet, path: "/usage/days", tag: tagUsage, scope: scopeRead,
		summary: "List usage by key, meter and day", about: "Each key's days are those of its own time zone.",
	}, a.listUsageDays)
}

// UsageFilter has the parameters that select days.
type UsageFilter struct {
	Key   string `query:"key" doc:"Only this key's, by its id."`
	Owner string `query:"owner" doc:"Only this owner's keys'."`
	Meter string `query:"meter" doc:"Only on this meter."`
	From  string `query:"from" doc:"The first date, such as 2030-01-31. Absent: the earliest."`
	To    string `query:"to" doc:"The last date, included. Absent: the latest."`
}

func (f *UsageFilter) read() (filter admin.UsageFilter, err error) {
	filter = admin.UsageFilter{Owner: f.Owner, Meter: f.Meter}
	if filter.KeyID, err = readKeyParameter(f.Key); err != nil {
		return filter, err
	}
	if filter.From, err = readDate("?from", f.From); err != nil {
		return filter, err
	}
	filter.To, err = readDate("?to", f.To)
	return filter, err
}

// readDate reads a date; the empty text is none.
func readDate(pointer, text string) (ration.PeriodID, error) {
	if text == "" {
		return 0, nil
	}
	date, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, invalidForm(pointer, "use a date such as 2030-01-31")
	}
	return ration.DateID(date.Date()), nil
}

type sumUsageInput struct {
	UsageFilter
	Limit   int                `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"The most sums."`
	GroupBy []admin.UsageGroup `query:"group_by" enum:"key,owner,plan,hour,day,month,meter" doc:"Several with commas; hour only with zone. Absent: only by meter, which every sum is by."`
	Form
	Zone string `query:"zone" doc:"The time zone of all days, months and hours, such as Europe/Berlin. The report is made of UTC hours, which are kept for a time, and begins with the first day of which all hours are known if from is absent. Absent: each key's own."`
}

// mostSums is the most sums of a report in CSV.
const mostSums = 100_000

func (a *API) sumUsage(ctx context.Context, c Caller, in *sumUsageInput) (*either, error) {
	filter, err := in.read()
	if err != nil {
		return nil, err
	}
	filter.Limit = in.Limit
	if in.isCSV() {
		filter.Limit = mostSums
	}
	report, err := c.Operations.SumUsage(ctx, admin.UsageQuestion{UsageFilter: filter, By: in.GroupBy, Zone: in.Zone})
	if err != nil {
		return nil, err
	}
	shown := wire.UsageReport(report, in.GroupBy, in.Zone)
	switch {
	case !in.isCSV():
		return asJSON(shown), nil
	case shown.More:
		return nil, invalidForm("?group_by", "these are more than 100000 sums: select fewer days or keys, or group by less")
	}
	return asCSV(ctx, a, "usage", sheet.UsageSums(&shown), shown.Sums, func() ([]api.UsageSum, error) { return nil, nil }), nil
}

type listUsageDaysInput struct {
	UsageFilter
	Keys []string `query:"keys" doc:"Only these keys', by their ids, at most 100 with commas between them."`
	Sort string   `query:"sort" enum:"date,-date" default:"date" doc:"The order: by date, the earliest or the latest first."`
	Paging
	Form
}

func (a *API) listUsageDays(ctx context.Context, c Caller, in *listUsageDaysInput) (*either, error) {
	filter, err := in.read()
	if err != nil {
		return nil, err
	}
	for _, text := range in.Keys {
		id, err := ration.ParseKeyID(text)
		if err != nil {
			return nil, invalidForm("?keys", "a key's id is key_ and a UUID")
		}
		filter.KeyIDs = append(filter.KeyIDs, id)
	}
	filter.NewestFirst = in.Sort == "-date"
	days := list[admin.UsageDay, api.UsageDay, admin.UsagePosition]{
		name: wire.ListOfUsageDays, show: wire.UsageDays, place: (*admin.UsageDay).Position,
		find: func(ctx context.Context, after admin.UsagePosition, most int) ([]admin.UsageDay, error) {
			filter.After, filter.Limit = after, most
			return c.Operations.UsageDays(ctx, filter)
		},
	}
	return days.either(ctx, a, &in.Form, in.Paging, sheet.UsageDays)
}
