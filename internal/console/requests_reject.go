package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	// rejectedAtOnce is how many requests can wait at most, and so be rejected at once.
	rejectedAtOnce = 1_000
	// rejectionsShown is how many of them a preview names.
	rejectionsShown = 20
)

// rejectTime bounds how long one form rejects requests. What is left waits for the next.
var rejectTime = 20 * time.Second

// rejectionPage shows which requests would be rejected.
type rejectionPage struct {
	All   bool   // that wait
	Until string // only those that were asked by then, which the visitor has seen counted
	Rows  []rationadmin.KeyRequest
	More  int // that have no row
	Count int
}

// toReject returns the requests that an address or a form selects and that nobody has
// decided.
func (v *visit) toReject(values url.Values) ([]rationadmin.KeyRequest, error) {
	found, err := v.Operations.ListKeyRequests(v.ctx, rationadmin.KeyRequestFilter{State: rationadmin.RequestPending, Limit: rejectedAtOnce})
	if err != nil {
		return nil, err
	}
	if values.Get("all") == "" {
		ids, err := selected(values)
		if err != nil {
			return nil, err
		}
		return slices.DeleteFunc(found, func(r rationadmin.KeyRequest) bool { return !slices.Contains(ids, r.KeyID) }), nil
	}
	if text := values.Get("until"); text != "" {
		until, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, &ration.InvalidError{Field: "until", Reason: "load the page again"}
		}
		found = slices.DeleteFunc(found, func(r rationadmin.KeyRequest) bool { return r.AskedAt.After(until) })
	}
	return found, nil
}

func (c *Console) previewRejection(v *visit) error {
	values := v.r.URL.Query()
	found, err := v.toReject(values)
	if err != nil {
		return err
	}
	page := rejectionPage{All: values.Get("all") != "", Count: len(found), Rows: found[:min(len(found), rejectionsShown)]}
	if page.More = page.Count - len(page.Rows); page.All {
		for i := range found {
			page.Until = max(page.Until, found[i].AskedAt.UTC().Format(untilFormat))
		}
	} else {
		page.Rows, page.More = found, 0 // the form names them
	}
	v.show(200, "requests-reject", layout{Title: "Reject requests", Section: "/requests", Page: page})
	return nil
}

// untilFormat has times in an order that their texts have too.
const untilFormat = "2006-01-02T15:04:05.000000000Z"

// rejectRequests rejects one request after the other. What somebody else has decided
// meanwhile stays as it is.
func (c *Console) rejectRequests(v *visit) error {
	found, err := v.toReject(v.r.PostForm)
	if err != nil {
		return err
	}
	rejected, start := 0, time.Now()
	for i := range found {
		if time.Since(start) > rejectTime {
			return v.done("/requests", fmt.Sprintf("%s rejected. %s left: reject them again.", countRequests(rejected, "was", "were"), countRequests(len(found)-i, "is", "are")), nil)
		}
		_, err := v.Operations.RejectKey(v.ctx, actor, rationadmin.KeyRejection{ID: found[i].KeyID, Reason: v.value("reason")})
		switch {
		case errors.Is(err, ration.ErrConflict) || errors.Is(err, ration.ErrNotFound): // somebody else was faster
		case err != nil && rejected > 0:
			return fmt.Errorf("after %s rejected: %w", countRequests(rejected, "was", "were"), err)
		case err != nil:
			return err
		default:
			rejected++
		}
	}
	return v.done("/requests", countRequests(rejected, "was", "were")+" rejected. Whoever asked reads why with the link from asking.", nil)
}

// countRequests writes a number of requests and what they are.
func countRequests(number int, one, several string) string {
	if number == 1 {
		return "1 request " + one
	}
	return count(number) + " requests " + several
}
