package console

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerMatching() {
	c.get("/keys/change-all", c.previewMatching)
	c.post("/keys/change-all", c.changeMatching)
}

// previewTime is how long a page counts keys at most; then the next one goes on.
var previewTime = 3 * time.Second

// matchingPage shows what would become of all keys that match a filter.
type matchingPage struct {
	Status, Plan, Owner string // the filter
	All                 bool   // there is no filter, and that is meant
	Action              string // chosen; empty: none yet
	To                  string // the plan that keys would get
	Plans               []string
	Preview             *preview // nil: nothing was chosen
	Problem             *problem // with what was chosen; nil: none
	Back                string   // the address of the list
	Confirm             string
}

// preview counts what a change would do.
type preview struct {
	rationadmin.KeysChanged
	Partial bool   // there are so many that not all are counted yet
	GoOn    string // the address that goes on counting; empty: all are counted
}

// changeOf reads which change of which keys an address or a form describes.
func changeOf(values url.Values) (rationadmin.KeysChange, error) {
	change := rationadmin.KeysChange{
		Filter: admin.KeyFilter{Status: ration.Status(values.Get("status")), Plan: values.Get("plan"), Owner: values.Get("owner")},
		Action: rationadmin.KeyAction(values.Get("action")),
	}
	change.All = change.Filter.Status == "" && change.Filter.Plan == "" && change.Filter.Owner == ""
	if change.All && values.Get("all") == "" {
		return change, &ration.InvalidError{Field: "all", Reason: "choose a status, a plan or an owner, or tick that all keys are meant"}
	}
	if change.Action == "plan" {
		to := values.Get("to")
		switch to {
		case "":
			return change, &ration.InvalidError{Field: "new plan", Reason: "choose one, or that there is to be none"}
		case noPlan:
			to = ""
		}
		change.Action, change.Patch.Plan = rationadmin.ActionUpdate, &to
	}
	if !slices.Contains([]rationadmin.KeyAction{rationadmin.ActionUpdate, rationadmin.ActionDisable, rationadmin.ActionEnable, rationadmin.ActionRevoke}, change.Action) ||
		change.Action == rationadmin.ActionUpdate && change.Patch.Plan == nil {
		return change, &ration.InvalidError{Field: "action", Reason: "choose disable, enable, plan or revoke"}
	}
	return change, nil
}

func (c *Console) previewMatching(v *visit) error {
	values := v.r.URL.Query()
	page := matchingPage{Status: values.Get("status"), Plan: values.Get("plan"), Owner: values.Get("owner"), All: values.Get("all") != "", Action: values.Get("action"), To: values.Get("to")}
	page.Back = "/keys?" + url.Values{"status": {page.Status}, "plan": {page.Plan}, "owner": {page.Owner}}.Encode()
	var err error
	if page.Plans, err = v.planNames(); err != nil {
		return err
	}
	status := http.StatusOK
	if values.Has("action") {
		change, err := changeOf(values)
		if err == nil {
			page.Preview, err = v.preview(change, values)
		}
		if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
			told := c.describe(v.r, invalid)
			page.Problem, status = &told, told.Status
		} else if err != nil {
			return err
		}
		if page.Action == "revoke" {
			page.Confirm = "revoke"
		}
	}
	v.show(status, "keys-matching", layout{Title: "Change all that match", Section: "/keys", Page: page})
	return nil
}

// preview finds out what a change would do, chunk by chunk, and changes nothing. If that
// takes long, it goes on from what the address says was counted before.
func (v *visit) preview(change rationadmin.KeysChange, values url.Values) (*preview, error) {
	change.DryRun = true
	total := new(preview)
	if text, err := base64.RawURLEncoding.DecodeString(values.Get("counted")); err != nil || len(text) > 0 && json.Unmarshal(text, &total.KeysChanged) != nil {
		return nil, &ration.InvalidError{Field: "counted", Reason: "begin the preview again"}
	}
	change.Filter.After = rationadmin.KeyPosition{ID: total.Next}
	if total.Skipped == nil {
		total.Skipped = make(map[ration.Status]int)
	}
	for start := time.Now(); ; {
		chunk, err := v.Operations.ChangeKeys(v.ctx, actor, change)
		if err != nil {
			return nil, err
		}
		total.Changed += chunk.Changed
		total.Unchanged += chunk.Unchanged
		total.NoLimit += chunk.NoLimit
		for status, skipped := range chunk.Skipped {
			total.Skipped[status] += skipped
		}
		if total.Next = chunk.Next; chunk.Next.IsZero() {
			return total, nil
		}
		if total.Partial = time.Since(start) > previewTime; total.Partial {
			err := total.goOn(values)
			return total, err
		}
		change.Filter.After = rationadmin.KeyPosition{ID: chunk.Next}
	}
}

// goOn sets the address that goes on counting.
func (p *preview) goOn(values url.Values) error {
	text, err := json.Marshal(p.KeysChanged)
	if err != nil {
		return err
	}
	further := maps.Clone(values)
	further.Set("counted", base64.RawURLEncoding.EncodeToString(text))
	p.GoOn = "/keys/change-all?" + further.Encode()
	return nil
}

// changeMatching has the change made in the background.
func (c *Console) changeMatching(v *visit) error {
	change, err := changeOf(v.r.PostForm)
	if err != nil {
		return err
	}
	if change.Action == rationadmin.ActionRevoke {
		if err := v.checkTyped("revoke"); err != nil {
			return err
		}
	}
	job, err := v.Operations.StartJob(v.ctx, actor, rationadmin.NewJob{Change: &change})
	if err != nil {
		return err
	}
	return v.done("/jobs/"+job.ID.String(), "The change has begun. It goes on if you leave this page.", nil)
}
