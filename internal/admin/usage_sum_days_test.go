package admin_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// A report on all keys is read day by day, in parts; it is what one read of all days would
// tell, whatever the size of the parts, and whatever keys are within reach.
func TestSumsOfAllKeysAreThoseOfOneRead(t *testing.T) {
	o := open(t)
	var days []admin.ImportedDay
	for i, plan := range []string{"free", "pro", "", "free"} {
		if plan != "" && i < 2 {
			if _, err := o.CreatePlan(t.Context(), actor, admin.NewPlan{Name: plan}); err != nil {
				t.Fatal(err)
			}
		}
		id := o.create(admin.NewKey{Plan: plan, Unlimited: true}).Key.ID
		for _, date := range []ration.PeriodID{ration.DateID(2030, 4, 30), ration.DateID(2030, 5, 1), ration.DateID(2030, 5, 31), ration.DateID(2030, 6, 1), ration.DateID(2030, 6, 14)} {
			if i == 3 && date < ration.DateID(2030, 5, 31) { // a day that not all have
				continue
			}
			days = append(days,
				admin.ImportedDay{KeyID: id, Meter: ration.MeterRequests, Date: date, Used: int64(date)%7 + 1},
				admin.ImportedDay{KeyID: id, Meter: fmt.Sprintf("m%d", i%2), Date: date, Used: 5})
		}
	}
	if _, err := o.ImportUsage(t.Context(), actor, admin.UsageImport{Days: days}); err != nil {
		t.Fatal(err)
	}
	for _, by := range [][]admin.UsageGroup{nil, {admin.ByDay}, {admin.ByMonth}, {admin.ByPlan}, {admin.ByPlan, admin.ByDay}, {admin.ByMonth, admin.ByPlan}, {admin.ByMeter}} {
		for _, filter := range []admin.UsageFilter{
			{},
			{Meter: "m1"},
			{Meter: "none"},
			{From: ration.DateID(2030, 5, 1)},
			{To: ration.DateID(2030, 5, 31)},
			{From: ration.DateID(2030, 5, 2), To: ration.DateID(2030, 5, 30)},
			{From: ration.DateID(2030, 6, 15)},
			{Plans: []string{"free"}},
			{Limit: 1},
			{Limit: 3},
		} {
			for rows, service := range map[int]*admin.Service{
				0: admin.New(o.store, admin.Config{}),
				1: admin.New(o.store, admin.Config{}).InPartsOf(1),
				2: admin.New(o.store, admin.Config{}).InPartsOf(2),
				3: admin.New(o.store, admin.Config{}).InPartsOf(3).Within(admin.Reach{Plans: filter.Plans}),
			} {
				question := admin.UsageQuestion{UsageFilter: filter, By: by}
				got, err := service.SumUsage(t.Context(), question)
				if err != nil {
					t.Fatal(err)
				}
				want, err := o.store.SumUsage(t.Context(), question, admin.KeyRange{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%+v in parts of %d rows (-one read +day by day):\n%s", question, rows, diff)
				}
			}
		}
	}
}

// Between the first day and the last there may be many years: a day that another system
// counted is enough.
func TestSumsOfAllKeysReadNoYearsWithoutUsage(t *testing.T) {
	o := open(t)
	id := o.create(admin.NewKey{Unlimited: true}).Key.ID
	for _, date := range []ration.PeriodID{ration.DateID(1990, 1, 1), ration.DateID(2030, 6, 14)} {
		day := admin.ImportedDay{KeyID: id, Meter: ration.MeterRequests, Date: date, Used: 5}
		if _, err := o.ImportUsage(t.Context(), actor, admin.UsageImport{Days: []admin.ImportedDay{day}}); err != nil {
			t.Fatal(err)
		}
	}
	counting := &countingReads{Store: o.store}
	report, err := admin.New(counting, admin.Config{}).SumUsage(t.Context(), admin.UsageQuestion{By: []admin.UsageGroup{admin.ByDay}})
	if err != nil || len(report.Sums) != 2 {
		t.Fatalf("%d sums, %v; want 2", len(report.Sums), err)
	}
	if counting.sums > 10 {
		t.Errorf("%d days were read, of which 2 have usage", counting.sums)
	}
}

// countingReads counts the days that are added up.
type countingReads struct {
	admin.Store
	sums int
}

func (c *countingReads) SumUsage(ctx context.Context, question admin.UsageQuestion, keys admin.KeyRange) (admin.UsageReport, error) {
	c.sums++
	return c.Store.SumUsage(ctx, question, keys)
}
