package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/sheet"
	"github.com/ration-dev/ration/internal/wire"
)

// usageGroups reads groups, such as "key" or "owner,month". In a zone, none are days and
// keys.
func usageGroups(texts []string, zone string) (groups []admin.UsageGroup) {
	for _, text := range splitCommas(texts) {
		groups = append(groups, admin.UsageGroup(strings.TrimSpace(text)))
	}
	if len(groups) == 0 && zone != "" {
		groups = []admin.UsageGroup{admin.ByDay, admin.ByKey}
	}
	return groups
}

// sumUsage adds up. If nobody has chosen the first day and its hours are not known, the
// report begins with the first day of which they are.
func (a *app) sumUsage(ctx context.Context, ops admin.Operations, question admin.UsageQuestion, anyFirst bool) (admin.UsageReport, error) {
	found, err := ops.SumUsage(ctx, question)
	if wrong := (*ration.InvalidError)(nil); question.Zone == "" || !anyFirst || !errors.As(err, &wrong) || wrong.Field != "from" {
		return found, err
	}
	question.From = 0
	if found, err = ops.SumUsage(ctx, question); err == nil {
		a.say("The first day in %s of which all hours are known is %s: the sums begin with it", question.Zone, dateText(found.From.Date()))
	}
	return found, err
}

// showUsageSums shows usage by groups. AnyFirst says that nobody has chosen the first day.
func (a *app) showUsageSums(ctx context.Context, ops admin.Operations, question admin.UsageQuestion, anyFirst bool) error {
	found, err := a.sumUsage(ctx, ops, question, anyFirst)
	if err != nil {
		return err
	}
	if found.More {
		a.say("There are more sums, which are in the totals: raise --max to see them")
	}
	if question.Zone == "" && found.From != 0 {
		a.say("Usage by day is complete from %s on: the sums begin with it", dateText(found.From.Date()))
	}
	report := wire.UsageReport(found, question.By, question.Zone)
	list := listingOf(sheet.UsageSums(&report), report, report.Sums, "nothing was used in that time")
	if a.quiet && a.format == formatTable { // several meters are still one group
		list.rows = slices.CompactFunc(slices.SortedFunc(slices.Values(list.rows), slices.Compare), func(a, b []string) bool { return a[0] == b[0] })
	}
	if a.format != formatTable || a.quiet || len(report.Sums) == 0 {
		return a.show(list)
	}
	if list.columns[0].name != "meter" { // or the rows are the totals
		for _, total := range report.Totals {
			list.rows = append(list.rows, totalRow(total, list.columns))
		}
	}
	var table bytes.Buffer
	if report.Zone != "" {
		if _, err := fmt.Fprintf(a.stdout, "Time zone %s, %s to %s\n", report.Zone, report.From, report.To); err != nil {
			return err
		}
	}
	if err := showTable(&table, list); err != nil {
		return err
	}
	_, err = a.stdout.Write(a.withBars(table.Bytes(), shares(report.Sums)))
	return err
}

// totalRow is a row for all groups, which have at least one column before the meter.
func totalRow(total api.UsageSum, columns []column) []string {
	row := make([]string, len(columns))
	tail := []string{total.Meter, string(total.Used), number(total.Denied), instantText(total.LastRequestAt)}
	copy(row[slices.IndexFunc(columns, func(c column) bool { return c.name == "meter" }):], tail)
	row[0] = "TOTAL"
	return row
}

// shares returns how much of the greatest use of its meter each sum is, from 0 to 1.
func shares(sums []api.UsageSum) []float64 {
	used, greatest := make([]float64, len(sums)), make(map[string]float64)
	for i, sum := range sums {
		used[i], _ = sum.Used.Float64() // a bar needs no exact number
		greatest[sum.Meter] = max(greatest[sum.Meter], used[i])
	}
	found := make([]float64, len(sums))
	for i, sum := range sums {
		if most := greatest[sum.Meter]; most > 0 {
			found[i] = used[i] / most
		}
	}
	return found
}
