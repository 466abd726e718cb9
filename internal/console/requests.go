package console

import (
	"strconv"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerRequests() {
	c.get("/requests", c.requests)
	c.get("/requests/{id}", c.request)
	c.get("/requests/reject", c.previewRejection)
	c.post("/requests/reject", c.rejectRequests)
	c.post("/requests/{id}/approve", onKey(c.approveRequest))
	c.post("/requests/{id}/reject", onKey(c.rejectRequest))
}

const (
	requestsOnPage = 50
	// allRequests is the state in an address that stands for any.
	allRequests = "all"
	// pendingShown is how many pending requests the overview counts.
	pendingShown = 9
)

// requestsPage is what the page shows.
type requestsPage struct {
	Rows   []rationadmin.KeyRequest
	State  string
	States []rationadmin.RequestState
	First  bool // no earlier page
	Pager  pager

	Ask     string // where people ask; empty: nobody can
	AskPage bool   // a browser can open that
}

// requests shows those that nobody has decided, unless the address says otherwise.
func (c *Console) requests(v *visit) error {
	values := v.r.URL.Query()
	page := requestsPage{State: values.Get("state"), States: rationadmin.RequestStates, First: true}
	filter := rationadmin.KeyRequestFilter{State: rationadmin.RequestState(page.State), Limit: requestsOnPage + 1}
	switch page.State {
	case "":
		filter.State, page.State = rationadmin.RequestPending, string(rationadmin.RequestPending)
	case allRequests:
		filter.State = ""
	}
	if after := values.Get("after"); after != "" {
		id, err := ration.ParseKeyID(after)
		if err != nil {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
		filter.After, page.First = id, false
	}
	found, err := v.Operations.ListKeyRequests(v.ctx, filter)
	if err != nil {
		return err
	}
	next := ""
	if page.Rows = found; len(found) > requestsOnPage {
		page.Rows, next = found[:requestsOnPage], found[requestsOnPage-1].KeyID.String()
	}
	page.Pager = newPager("/requests", values, next)
	if c.config.RequestURL != nil {
		page.Ask, page.AskPage = c.config.RequestURL()
	}
	v.show(200, "requests", layout{Title: "Requests", Section: "/requests", Page: page})
	return nil
}

// pendingText counts the requests that nobody has decided; empty: there are none.
func (v *visit) pendingText() (string, error) {
	found, err := v.Operations.ListKeyRequests(v.ctx, rationadmin.KeyRequestFilter{State: rationadmin.RequestPending, Limit: pendingShown + 1})
	switch {
	case err != nil || len(found) == 0:
		return "", err
	case len(found) > pendingShown:
		return "more than " + strconv.Itoa(pendingShown), nil
	}
	return strconv.Itoa(len(found)), nil
}

// requestPage is what the page shows.
type requestPage struct {
	rationadmin.KeyRequest
	Open  bool // it can be decided
	Plans []string
}

func (c *Console) request(v *visit) error {
	id, err := v.keyOf()
	if err != nil {
		return err
	}
	request, err := v.Operations.ShowKeyRequest(v.ctx, id)
	if err != nil {
		return err
	}
	page := requestPage{KeyRequest: request, Open: request.State == rationadmin.RequestPending}
	if page.Open {
		if page.Plans, err = v.planNames(); err != nil {
			return err
		}
	}
	v.show(200, "request", layout{Title: "Request for " + request.Name, Section: "/requests", Page: page})
	return nil
}

func (c *Console) approveRequest(v *visit, id ration.KeyID) error {
	plan, err := v.planField("plan")
	if err != nil {
		return err
	}
	approval := rationadmin.KeyApproval{ID: id, Plan: plan, Unlimited: plan == ""}
	if owner := v.value("owner"); owner != "" {
		approval.Owner = &owner
	}
	key, err := v.Operations.ApproveKey(v.ctx, actor, approval)
	if err != nil {
		return err
	}
	return v.done("/requests", key.Name+" is approved. Whoever asked can pick the key up with the link from asking, for 30 days.", nil)
}

func (c *Console) rejectRequest(v *visit, id ration.KeyID) error {
	key, err := v.Operations.RejectKey(v.ctx, actor, rationadmin.KeyRejection{ID: id, Reason: v.value("reason")})
	if err != nil {
		return err
	}
	return v.done("/requests", key.Name+" is rejected. Whoever asked reads why with the link from asking.", nil)
}
