package adminclient

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func usageQuery(filter admin.UsageFilter) client.UsageQuery {
	query := client.UsageQuery{Owner: filter.Owner, Meter: filter.Meter, From: date(filter.From), To: date(filter.To)}
	if !filter.KeyID.IsZero() {
		query.Key = filter.KeyID.String()
	}
	return query
}

// date writes a date; the zero one is none.
func date(day ration.PeriodID) string {
	if day == 0 {
		return ""
	}
	return day.Date().Format(time.DateOnly)
}

// UsageDays implements admin.Operations.
func (o *Operations) UsageDays(ctx context.Context, filter admin.UsageFilter) ([]admin.UsageDay, error) {
	query := client.UsageDaysQuery{UsageQuery: usageQuery(filter)}
	for _, id := range filter.KeyIDs {
		query.Keys = append(query.Keys, id.String())
	}
	if filter.NewestFirst {
		query.Sort = "-date"
	}
	query.Cursor = cursorAfter(wire.ListOfUsageDays, query.Values(), filter.After)
	return gather(filter.Limit, defaultDays, &query.Paging, readUsageDay, func() (api.Page[api.UsageDay], error) { return o.admin.ListUsageDays(ctx, query) })
}

// SumUsage implements admin.Operations.
func (o *Operations) SumUsage(ctx context.Context, question admin.UsageQuestion) (admin.UsageReport, error) {
	query := client.UsageSumQuery{UsageQuery: usageQuery(question.UsageFilter), Zone: question.Zone, Limit: question.Limit}
	for _, group := range question.By {
		query.GroupBy = append(query.GroupBy, string(group))
	}
	report, err := o.admin.SumUsage(ctx, query)
	return answered(report, err, readUsageReport)
}

// Summary implements admin.Operations.
func (o *Operations) Summary(ctx context.Context, question admin.SummaryQuestion) (admin.Summary, error) {
	summary, err := o.admin.Summary(ctx, client.SummaryQuery{Meter: question.Meter, Limit: question.Limit})
	return answered(summary, err, readSummary)
}

// ListAudit implements admin.Operations.
func (o *Operations) ListAudit(ctx context.Context, filter admin.AuditFilter) ([]admin.AuditEntry, error) {
	query := client.AuditQuery{Target: filter.Target, Action: filter.Action, Actor: filter.Actor, Since: filter.Since, Until: filter.Until}
	if filter.OldestFirst {
		query.Sort = "at"
	}
	query.Cursor = cursorAfter(wire.ListOfAudit, query.Values(), filter.After)
	return gather(filter.Limit, defaultEntries, &query.Paging, readAuditEntry, func() (api.Page[api.AuditEntry], error) { return o.admin.ListAudit(ctx, query) })
}

// ListReservations implements admin.Operations. Of what they hold it does not know the
// periods.
func (o *Operations) ListReservations(ctx context.Context, filter admin.ReservationFilter) ([]ration.Reservation, error) {
	query := client.ReservationQuery{State: string(filter.State)}
	if !filter.KeyID.IsZero() {
		query.Key = filter.KeyID.String()
	}
	if filter.OldestFirst {
		query.Sort = "id"
	}
	query.Cursor = cursorAfter(wire.ListOfReservations, query.Values(), filter.After)
	return gather(filter.Limit, defaultReservations, &query.Paging, readReservation, func() (api.Page[api.Reservation], error) { return o.admin.ListReservations(ctx, query) })
}

// ExplainKey implements admin.Operations.
func (o *Operations) ExplainKey(ctx context.Context, question admin.ExplainQuestion) (admin.Explanation, error) {
	asked := api.ExplainRequest{Scope: question.Scope, Amounts: map[string]api.Number{}}
	for _, amount := range question.Amounts {
		asked.Amounts[amount.Meter] = api.Number(amount.Text())
	}
	if question.IP.IsValid() {
		asked.IP = question.IP.String()
	}
	explanation, err := o.admin.ExplainKey(ctx, question.KeyID.String(), asked)
	return answered(explanation, err, readExplanation)
}

// Reconcile implements admin.Operations.
func (o *Operations) Reconcile(ctx context.Context, filter admin.ReconcileFilter) (admin.Reconciliation, error) {
	key := ""
	if !filter.KeyID.IsZero() {
		key = filter.KeyID.String()
	}
	found, err := o.admin.Reconcile(ctx, key, after(filter.After), filter.Limit)
	return answered(found, err, readReconciliation)
}

// Diagnose implements admin.Operations.
func (o *Operations) Diagnose(ctx context.Context, options admin.DiagnoseOptions) ([]admin.Finding, error) {
	findings, err := o.admin.Diagnose(ctx, options.Deep)
	return answered(findings, err, readFindings)
}

// RepairUsage implements admin.Operations.
func (o *Operations) RepairUsage(ctx context.Context, actor string, afterKey ration.KeyID) (admin.UsageRepaired, error) {
	done, err := o.admin.RepairUsage(by(ctx, actor), after(afterKey))
	return answered(done, err, readUsageRepaired)
}

// Backup implements admin.Operations.
func (o *Operations) Backup(ctx context.Context, path string) error {
	return failed(o.admin.Backup(ctx, path))
}
