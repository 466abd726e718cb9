package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerWebhookChanges() {
	c.get("/webhooks/new", c.newWebhook)
	c.post("/webhooks/new", c.createWebhook)
	change := func(path string, do func(*visit, webhookRow) error) {
		c.post("/webhooks/{id}/"+path, func(v *visit) error { return onWebhook(v, do) })
	}
	change("update", c.updateWebhook)
	change("enable", func(v *visit, row webhookRow) error { return c.enableWebhook(v, row, true) })
	change("disable", func(v *visit, row webhookRow) error { return c.enableWebhook(v, row, false) })
	change("rotate", c.rotateWebhook)
	change("delete", c.deleteWebhook)
}

// newWebhookPage is what the page shows.
type newWebhookPage struct{ Types []typeChoice }

func (c *Console) newWebhook(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	v.show(http.StatusOK, "webhook-new", layout{Title: "New webhook", Section: "/events", Page: newWebhookPage{typeChoices(nil)}})
	return nil
}

// createWebhook makes a webhook, and shows its secret in this one answer.
func (c *Console) createWebhook(v *visit) error {
	issued, err := v.Operations.CreateWebhook(v.ctx, actor, rationadmin.NewWebhook{URL: v.value("url"), Types: v.typesField()})
	if err != nil {
		return err
	}
	return c.showWebhookSecret(v, issued)
}

// typesField reads the types that a form has: ticked, or in one field with spaces.
func (v *visit) typesField() []rationadmin.EventType {
	types := []rationadmin.EventType{} // not nil: none ticked means all
	for _, kind := range slices.Concat(v.r.PostForm["type"], splitList(v.value("types"))) {
		types = append(types, rationadmin.EventType(kind))
	}
	return types
}

// showWebhookSecret shows a webhook with a secret that was just made. It is in this one
// answer and in no other.
func (c *Console) showWebhookSecret(v *visit, issued rationadmin.IssuedWebhook) error {
	status, err := v.Operations.ShowWebhook(v.ctx, issued.ID)
	if err != nil { // somebody has deleted it meanwhile: but the secret is made
		status = rationadmin.WebhookStatus{Webhook: issued.Webhook}
	}
	v.replacePage(webhookPath(issued.ID))
	return c.showWebhook(v, webhookRowOf(status), issued.Secret.Reveal())
}

func (c *Console) updateWebhook(v *visit, row webhookRow) error {
	address, types := v.value("url"), v.typesField()
	if _, err := v.Operations.UpdateWebhook(v.ctx, actor, rationadmin.WebhookPatch{ID: row.ID, URL: changed(row.URL, address), Types: &types}); err != nil {
		return err
	}
	before := make([]string, len(row.Types))
	for i, kind := range row.Types {
		before[i] = string(kind)
	}
	return v.done(row.Path(), "The webhook was changed.", &undo{row.Path() + "/update", map[string]string{"url": row.URL, "types": strings.Join(before, " ")}})
}

func (c *Console) enableWebhook(v *visit, row webhookRow, enabled bool) error {
	if _, err := v.Operations.UpdateWebhook(v.ctx, actor, rationadmin.WebhookPatch{ID: row.ID, Enabled: &enabled}); err != nil {
		return err
	}
	if enabled {
		return v.done(row.Path(), "The webhook is enabled: what waits is sent now, and so is what happens from now on.", &undo{row.Path() + "/disable", nil})
	}
	return v.done(row.Path(), "The webhook is disabled: nothing is sent to it, and what happens from now on is not kept for it.", &undo{row.Path() + "/enable", nil})
}

func (c *Console) rotateWebhook(v *visit, row webhookRow) error {
	issued, err := v.Operations.RotateWebhookSecret(v.ctx, actor, row.ID)
	if err != nil {
		return err
	}
	return c.showWebhookSecret(v, issued)
}

func (c *Console) deleteWebhook(v *visit, row webhookRow) error {
	if err := v.checkTyped(row.Host); err != nil {
		return err
	}
	if err := v.Operations.DeleteWebhook(v.ctx, actor, row.ID); err != nil {
		return err
	}
	return v.done("/webhooks", "The webhook to "+row.Host+" is deleted, with what waited for it.", nil)
}
