package console

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func (c *Console) registerSelected() {
	c.get("/keys/change", c.previewSelected)
	c.post("/keys/change", c.changeSelected)
}

// keyAction is what can be done with several keys at once.
type keyAction struct {
	Name, Verb string
	status     ration.Status // that a key has afterwards; empty: it keeps its own
	undo       string        // the action that takes it back; empty: none does
}

var keyActions = []keyAction{
	{Name: "disable", Verb: "Disable", status: ration.StatusDisabled, undo: "enable"},
	{Name: "enable", Verb: "Enable", status: ration.StatusActive, undo: "disable"},
	{Name: "plan", Verb: "Change the plan of"},
	{Name: "revoke", Verb: "Revoke", status: ration.StatusRevoked},
}

func actionNamed(name string) (keyAction, error) {
	for _, action := range keyActions {
		if action.Name == name {
			return action, nil
		}
	}
	return keyAction{}, &ration.InvalidError{Field: "action", Reason: "choose disable, enable, plan or revoke"}
}

// selectedPage shows what would become of the keys that were selected.
type selectedPage struct {
	Action  keyAction
	Change  []ration.Key // that would be changed
	Leave   []ration.Key // that are so already, or can't be changed
	Plans   []string
	Confirm string // to be typed; empty: nothing
}

// selected reads the keys that a form or an address has.
func selected(values url.Values) ([]ration.KeyID, error) {
	var ids []ration.KeyID
	for _, text := range splitList(strings.Join(values["key"], ",")) {
		id, err := ration.ParseKeyID(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 || len(ids) > keysOnPage {
		return nil, &ration.InvalidError{Field: "key", Reason: fmt.Sprintf("select 1 to %d keys", keysOnPage)}
	}
	return ids, nil
}

func (c *Console) previewSelected(v *visit) error {
	values := v.r.URL.Query()
	ids, err := selected(values)
	if err != nil {
		return err
	}
	page := selectedPage{}
	if page.Action, err = actionNamed(values.Get("action")); err != nil {
		return err
	}
	for _, id := range ids {
		key, err := v.Operations.ShowKey(v.ctx, id)
		if err != nil {
			return err
		}
		if page.Action.changes(&key.Key) {
			page.Change = append(page.Change, key.Key)
		} else {
			page.Leave = append(page.Leave, key.Key)
		}
	}
	if page.Plans, err = v.planNames(); err != nil {
		return err
	}
	if page.Action.Name == "revoke" {
		page.Confirm = countKeys(len(page.Change))
	}
	v.show(200, "keys-selected", layout{Title: page.Action.Verb + " keys", Section: "/keys", Page: page})
	return nil
}

// changes reports whether the action changes a key, as far as its status says.
func (a keyAction) changes(key *ration.Key) bool {
	return key.Status != a.status && key.Status != ration.StatusRevoked && key.Status != ration.StatusRejected
}

// countKeys writes a number of keys.
func countKeys(number int) string {
	if number == 1 {
		return "1 key"
	}
	return count(number) + " keys"
}

// changeSelected changes one key after the other. Those before a failure stay changed, and
// the answer says how many they are.
func (c *Console) changeSelected(v *visit) error {
	ids, err := selected(v.r.PostForm)
	if err != nil {
		return err
	}
	action, err := actionNamed(v.value("action"))
	if err != nil {
		return err
	}
	if action.Name == "revoke" {
		if err := v.checkTyped(countKeys(len(ids))); err != nil {
			return err
		}
	}
	plan := ""
	if action.Name == "plan" {
		if plan, err = v.planField("plan"); err != nil {
			return err
		}
	}
	changed, plans := []string{}, map[string]bool{}
	for _, id := range ids {
		before, err := v.Operations.ShowKey(v.ctx, id)
		if err == nil {
			err = v.act(action, id, plan)
		}
		if errors.Is(err, ration.ErrConflict) || errors.Is(err, ration.ErrNotFound) {
			continue // somebody else was faster: it is left as it is
		}
		if err != nil {
			return fmt.Errorf("after %s: %w", countKeys(len(changed)), err)
		}
		changed, plans[before.Plan] = append(changed, id.String()), true
	}
	return v.done("/keys", action.past(len(changed), plan), action.back(changed, plans))
}

// act does with one key what was chosen; plan is the one that it gets where that is it.
func (v *visit) act(action keyAction, id ration.KeyID, plan string) (err error) {
	switch action.Name {
	case "disable":
		_, err = v.Operations.DisableKey(v.ctx, actor, id)
	case "enable":
		_, err = v.Operations.EnableKey(v.ctx, actor, id)
	case "revoke":
		_, err = v.Operations.RevokeKey(v.ctx, actor, id)
	case "plan":
		_, err = v.Operations.UpdateKey(v.ctx, actor, admin.KeyPatch{ID: id, Plan: &plan})
	}
	return err
}

// past says what was done.
func (a keyAction) past(number int, plan string) string {
	was := " were "
	if number == 1 {
		was = " was "
	}
	switch a.Name {
	case "plan":
		if plan == "" {
			return "The plan of " + countKeys(number) + " was removed."
		}
		return countKeys(number) + " got the plan " + plan + "."
	case "revoke":
		return countKeys(number) + was + "revoked for good."
	}
	return countKeys(number) + was + a.Name + "d."
}

// back returns how to undo the action: of a plan, if all keys had the same one.
func (a keyAction) back(keys []string, plans map[string]bool) *undo {
	fields := map[string]string{"key": strings.Join(keys, ","), "action": a.undo}
	if a.Name == "plan" && len(plans) == 1 {
		for plan := range plans {
			fields["action"], fields["plan"] = "plan", cmp.Or(plan, noPlan)
		}
	}
	if fields["action"] == "" || len(keys) == 0 {
		return nil
	}
	return &undo{"/keys/change", fields}
}
