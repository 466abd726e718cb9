package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerKeyChanges() {
	c.get("/keys/new", c.newKey)
	c.post("/keys/new", c.createKey)
	c.post("/keys/{id}/update", onKey(c.updateKey))
	c.post("/keys/{id}/disable", onKey(c.disableKey))
	c.post("/keys/{id}/enable", onKey(c.enableKey))
	c.post("/keys/{id}/revoke", onKey(c.revokeKey))
	c.post("/keys/{id}/rotate", onKey(c.rotateKey))
	c.post("/keys/{id}/secrets", onKey(c.addSecret))
	c.post("/keys/{id}/secrets/revoke", onKey(c.revokeSecret))
	c.post("/keys/{id}/overrides", onKey(c.setOverride))
	c.post("/keys/{id}/overrides/clear", onKey(c.clearOverride))
	c.post("/keys/{id}/reset", onKey(c.resetKey))
}

// actor names who makes a change; the operations of a session put the visitor in its
// place.
const actor = "console"

// onKey reads which key a change is about.
func onKey(change func(*visit, ration.KeyID) error) func(*visit) error {
	return func(v *visit) error {
		id, err := v.keyOf()
		if err != nil {
			return err
		}
		return change(v, id)
	}
}

// keyPath returns the address of a key's page.
func keyPath(id ration.KeyID) string { return "/keys/" + id.String() }

// newKeyPage is what the page shows.
type newKeyPage struct{ Plans []string }

func (c *Console) newKey(v *visit) error {
	plans, err := v.planNames()
	if err != nil {
		return err
	}
	v.show(200, "key-new", layout{Title: "New key", Section: "/keys", Page: newKeyPage{plans}})
	return nil
}

func (c *Console) createKey(v *visit) error {
	expires, err := v.timeField("expires")
	if err != nil {
		return err
	}
	networks, err := v.networksField("allowed_ips")
	if err != nil {
		return err
	}
	overrides, err := v.overridesField("limits")
	if err != nil {
		return err
	}
	plan, err := v.planField("plan")
	if err != nil {
		return err
	}
	issued, err := v.Operations.CreateKey(v.ctx, actor, admin.NewKey{
		Name: v.value("name"), Owner: v.value("owner"), Plan: plan, ExpiresAt: expires,
		Scopes: splitList(v.value("scopes")), AllowedIPs: networks, TimeZone: v.value("time_zone"),
		Overrides: overrides, Unlimited: plan == "" && len(overrides) == 0, // it was chosen in these words
	})
	if err != nil {
		return err
	}
	return c.showSecret(v, issued)
}

// showSecret shows a key with a secret that was just made. It is in this one answer and in
// no other.
func (c *Console) showSecret(v *visit, issued rationadmin.IssuedSecret) error {
	v.replacePage(keyPath(issued.Key.ID))
	return c.showKey(v, issued.Key.ID, issued.Secret.Reveal())
}

// updateKey changes what the form of the key has, but for what it has left as it was.
func (c *Console) updateKey(v *visit, id ration.KeyID) error {
	before, err := v.Operations.ShowKey(v.ctx, id)
	if err != nil {
		return err
	}
	expires, err := v.timeField("expires")
	if err != nil {
		return err
	}
	networks, err := v.networksField("allowed_ips")
	if err != nil {
		return err
	}
	patch := rationadmin.KeyPatch{
		ID: id, Name: changed(before.Name, v.value("name")), Owner: changed(before.Owner, v.value("owner")), Plan: changed(before.Plan, v.value("plan")),
		TimeZone: changed(before.TimeZone, v.value("time_zone")), Scopes: append([]string{}, splitList(v.value("scopes"))...), AllowedIPs: networks,
		IfUpdatedAt: before.UpdatedAt,
	}
	if expires.UTC().Truncate(24*time.Hour) != before.ExpiresAt.UTC().Truncate(24*time.Hour) {
		patch.ExpiresAt = &expires
	}
	if seen, err := time.Parse(time.RFC3339Nano, v.value("updated_at")); err == nil {
		patch.IfUpdatedAt = seen
	}
	if _, err := v.Operations.UpdateKey(v.ctx, actor, patch); err != nil {
		return err
	}
	back := map[string]string{
		"name": before.Name, "owner": before.Owner, "plan": before.Plan, "time_zone": before.TimeZone,
		"scopes": strings.Join(before.Scopes, " "), "allowed_ips": joinNetworks(before.AllowedIPs), "expires": "",
	}
	if !before.ExpiresAt.IsZero() {
		back["expires"] = before.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return v.done(keyPath(id), "The key was changed.", &undo{keyPath(id) + "/update", back})
}

// changed returns the new value of a field; nil: it stays.
func changed(before, after string) *string {
	if before == after {
		return nil
	}
	return &after
}

func (c *Console) disableKey(v *visit, id ration.KeyID) error {
	key, err := v.Operations.DisableKey(v.ctx, actor, id)
	if err != nil {
		return err
	}
	return v.done(keyPath(id), key.Name+" is disabled: its next request is refused.", &undo{keyPath(id) + "/enable", nil})
}

func (c *Console) enableKey(v *visit, id ration.KeyID) error {
	key, err := v.Operations.EnableKey(v.ctx, actor, id)
	if err != nil {
		return err
	}
	return v.done(keyPath(id), key.Name+" is enabled.", &undo{keyPath(id) + "/disable", nil})
}

func (c *Console) revokeKey(v *visit, id ration.KeyID) error {
	key, err := v.Operations.ShowKey(v.ctx, id)
	if err != nil {
		return err
	}
	if err := v.checkTyped(key.Name); err != nil {
		return err
	}
	if _, err := v.Operations.RevokeKey(v.ctx, actor, id); err != nil {
		return err
	}
	return v.done(keyPath(id), key.Name+" is revoked for good. Its history stays.", nil)
}

// checkTyped refuses what can't be undone unless the visitor has typed what it is about.
func (v *visit) checkTyped(name string) error {
	if v.value("typed") != strings.TrimSpace(name) {
		return &ration.InvalidError{Field: "name", Reason: "type it as it is written above; this can't be undone"}
	}
	return nil
}

func (c *Console) rotateKey(v *visit, id ration.KeyID) error {
	overlap, err := time.ParseDuration(v.value("overlap"))
	if err != nil || overlap < 0 {
		return &ration.InvalidError{Field: "overlap", Reason: "choose how long the former secret works"}
	}
	issued, err := v.Operations.RotateKey(v.ctx, actor, rationadmin.Rotation{ID: id, Label: v.value("label"), Overlap: overlap})
	if err != nil {
		return err
	}
	return c.showSecret(v, issued)
}

func (c *Console) addSecret(v *visit, id ration.KeyID) error {
	expires, err := v.timeField("expires")
	if err != nil {
		return err
	}
	issued, err := v.Operations.AddSecret(v.ctx, actor, rationadmin.NewKeySecret{ID: id, Label: v.value("label"), ExpiresAt: expires})
	if err != nil {
		return err
	}
	return c.showSecret(v, issued)
}

func (c *Console) revokeSecret(v *visit, id ration.KeyID) error {
	secret, err := ration.ParseSecretID(v.value("secret"))
	if err != nil {
		return err
	}
	if _, err := v.Operations.RevokeSecret(v.ctx, actor, rationadmin.KeySecret{ID: id, SecretID: secret}); err != nil {
		return err
	}
	return v.done(keyPath(id), "The secret is revoked: the next request with it is refused.", nil)
}

func (c *Console) setOverride(v *visit, id ration.KeyID) error {
	override, err := admin.ParseOverride(v.value("limit"))
	if err != nil {
		return err
	}
	if override.ExpiresAt, err = v.timeField("until"); err != nil {
		return err
	}
	if _, err := v.Operations.UpdateKey(v.ctx, actor, rationadmin.KeyPatch{ID: id, SetOverrides: []ration.Override{override}}); err != nil {
		return err
	}
	return v.done(keyPath(id), "The key has a limit of its own now: "+grouped(v.value("limit"))+".", &undo{keyPath(id) + "/overrides/clear", clearFields(&override)})
}

// clearFields are the fields of a form that takes an override back.
func clearFields(override *ration.Override) map[string]string {
	fields := map[string]string{"meter": override.Meter, "kind": string(override.Kind), "period": string(override.Period)}
	if override.Temporary() {
		fields["temporary"] = "yes"
	}
	return fields
}

func (c *Console) clearOverride(v *visit, id ration.KeyID) error {
	limit := ration.LimitKey{Meter: v.value("meter"), Kind: ration.Kind(v.value("kind")), Period: ration.Period(v.value("period"))}
	patch := rationadmin.KeyPatch{ID: id, ClearLasting: []ration.LimitKey{limit}}
	if v.value("temporary") != "" {
		patch.ClearLasting, patch.ClearTemporary = nil, []ration.LimitKey{limit}
	}
	before, err := v.Operations.ShowKey(v.ctx, id)
	if err != nil {
		return err
	}
	if _, err := v.Operations.UpdateKey(v.ctx, actor, patch); err != nil {
		return err
	}
	var back *undo
	for i := range before.Overrides {
		one := &before.Overrides[i]
		if one.Key() == limit && !one.Scheduled() && one.Temporary() == (v.value("temporary") != "") && one.RunsAt(before.At) {
			back = &undo{keyPath(id) + "/overrides", map[string]string{"limit": overrideText(one), "until": ""}}
			if one.Temporary() {
				back.Fields["until"] = one.ExpiresAt.UTC().Format(time.RFC3339)
			}
		}
	}
	return v.done(keyPath(id), "The key’s own limit is removed.", back)
}

// overrideText writes an override as its form takes it.
func overrideText(override *ration.Override) string {
	if !override.Unlimited {
		return override.String()
	}
	if override.Meter == ration.MeterRequests {
		return "unlimited/" + string(override.Period)
	}
	return fmt.Sprintf("unlimited %s/%s", override.Meter, override.Period)
}

func (c *Console) resetKey(v *visit, id ration.KeyID) error {
	reset := rationadmin.KeyReset{ID: id, Reason: v.value("reason")}
	if limit := v.value("limit"); limit != "" {
		reset.Limits = []string{limit}
	}
	done, err := v.Operations.ResetKey(v.ctx, actor, reset)
	if err != nil {
		return err
	}
	return v.done(keyPath(id), fmt.Sprintf("%d limits count anew. The history stays.", len(done.Limits)), nil)
}
