package console

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerPlans() {
	c.get("/plans", c.plans)
	c.get("/plans/{name}", c.plan)
	c.get("/plans/{name}/{$}", c.plan) // for the plan whose name is "new"
}

const (
	plansOnPage = 100
	// keysOfPlan is how many keys the page of a plan shows.
	keysOfPlan = 8
	// changesShown is how many of the last changes the page of a plan shows.
	changesShown = 10
)

// plansPage is what the page shows.
type plansPage struct {
	Plans []ration.Plan
	First bool // no earlier page
	Pager pager
}

func (c *Console) plans(v *visit) error {
	after := v.r.FormValue("after")
	plans, err := v.Operations.ListPlans(v.ctx, admin.NameFilter{After: after, Limit: plansOnPage + 1})
	if err != nil {
		return err
	}
	page, next := plansPage{Plans: plans, First: after == ""}, ""
	if len(plans) > plansOnPage {
		page.Plans, next = plans[:plansOnPage], plans[plansOnPage-1].Name
	}
	page.Pager = newPager("/plans", v.r.URL.Query(), next)
	v.show(200, "plans", layout{Title: "Plans", Section: "/plans", Page: page})
	return nil
}

// planPath returns the address of a plan's page.
func planPath(name string) string {
	if name == "new" {
		return "/plans/new/"
	}
	return "/plans/" + url.PathEscape(name)
}

// planPage is what the page shows.
type planPage struct {
	Plan   ration.Plan
	Path   string
	Next   []nextRow
	Keys   []keyRow
	More   bool // there are more keys
	Recent []auditRow
}

// nextRow is a change of a limit that starts later.
type nextRow struct {
	ration.NextLimit
	Text string // of the limit
}

// Start says when the change starts for a key.
func (n *nextRow) Start() string {
	switch n.Period.Unit() {
	case ration.PeriodHour, ration.PeriodDay, ration.PeriodWeek, ration.PeriodMonth:
		return string(n.Period)
	}
	return string(ration.PeriodDay)
}

// planOf returns the plan that the path of a request names.
func (v *visit) planOf() (ration.Plan, error) {
	plan, err := v.Operations.ShowPlan(v.ctx, v.r.PathValue("name"))
	if _, impossible := errors.AsType[*ration.InvalidError](err); impossible {
		return plan, ration.ErrNotFound
	}
	return plan, err
}

func (c *Console) plan(v *visit) error {
	plan, err := v.planOf()
	if err != nil {
		return err
	}
	page := planPage{Plan: plan, Path: planPath(plan.Name)}
	for _, next := range plan.Next {
		page.Next = append(page.Next, nextRow{next, grouped(next.String())})
	}
	found, err := v.Operations.ListKeys(v.ctx, admin.KeyFilter{Plan: plan.Name, Limit: keysOfPlan, WithToday: true})
	if err != nil {
		return err
	}
	now := time.Now()
	for i := range found.Keys {
		page.Keys = append(page.Keys, rowOf(&found.Keys[i], now))
	}
	page.More = !found.Next.IsZero()
	entries, err := v.Operations.ListAudit(v.ctx, rationadmin.AuditFilter{Target: "plan:" + plan.Name, Limit: changesShown})
	if err != nil {
		return err
	}
	page.Recent = auditRows(entries)
	v.show(200, "plan", layout{Title: plan.Name, Section: "/plans", Page: page})
	return nil
}

// limitsText writes limits as a form takes them, one in each line.
func limitsText(limits []ration.Limit) string {
	texts := make([]string, len(limits))
	for i := range limits {
		texts[i] = limits[i].String()
	}
	return strings.Join(texts, "\n")
}
