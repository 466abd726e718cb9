package console

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerWebhooks() {
	c.get("/webhooks", c.webhooks)
	c.get("/webhooks/{id}", func(v *visit) error { return onWebhook(v, c.webhook) })
}

const deliveriesOnPage = 50

// webhookRow is a webhook with how it goes.
type webhookRow struct {
	rationadmin.WebhookStatus
	Host string
}

func webhookRowOf(status rationadmin.WebhookStatus) webhookRow {
	return webhookRow{status, hostOf(status.URL)}
}

// Path returns the address of the webhook's page.
func (r *webhookRow) Path() string { return webhookPath(r.ID) }

func webhookPath(id uuid.UUID) string { return "/webhooks/" + id.String() }

// State returns a word for whether events are sent, and whether they arrive.
func (r *webhookRow) State() string {
	if r.Enabled {
		return "enabled"
	}
	return "disabled"
}

// webhooksPage is what the page shows.
type webhooksPage struct{ Rows []listedWebhook }

// listedWebhook is a webhook with what last went wrong.
type listedWebhook struct {
	webhookRow
	Problem string // empty: nothing, of what is looked at
}

// hostOf returns the host of an address, by which people call a webhook.
func hostOf(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.Host != "" {
		return parsed.Host
	}
	return address
}

func (c *Console) webhooks(v *visit) error {
	webhooks, err := v.Operations.ListWebhooks(v.ctx)
	if err != nil {
		return err
	}
	page := webhooksPage{make([]listedWebhook, len(webhooks))}
	for i := range page.Rows {
		row := &page.Rows[i]
		row.webhookRow = webhookRowOf(webhooks[i])
		if row.Problem, err = v.lastProblem(&row.webhookRow); err != nil {
			return err
		}
	}
	v.show(http.StatusOK, "webhooks", layout{Title: "Webhooks", Section: "/events", Page: &page})
	return nil
}

// lastProblem returns why something that waits could not be sent, or why something was
// given up.
func (v *visit) lastProblem(row *webhookRow) (string, error) {
	for _, looked := range []struct {
		state rationadmin.DeliveryState
		count int
	}{{rationadmin.DeliveryWaiting, row.Backlog.Waiting}, {rationadmin.DeliveryDead, row.Backlog.Dead}} {
		if looked.count == 0 {
			continue
		}
		found, err := v.Operations.ListDeliveries(v.ctx, rationadmin.DeliveryFilter{WebhookID: row.ID, State: looked.state, Limit: deliveriesOnPage})
		if err != nil {
			return "", err
		}
		for i := range found {
			if found[i].Problem != "" {
				return found[i].Problem, nil
			}
		}
	}
	return "", nil
}

// onWebhook finds the webhook that the path of a request names.
func onWebhook(v *visit, do func(*visit, webhookRow) error) error {
	id, err := uuid.Parse(v.r.PathValue("id"))
	if err != nil {
		return ration.ErrNotFound
	}
	status, err := v.Operations.ShowWebhook(v.ctx, id)
	if err != nil {
		return err
	}
	return do(v, webhookRowOf(status))
}

// webhookPage is what the page shows.
type webhookPage struct {
	webhookRow
	Types      []typeChoice
	Deliveries []deliveryRow
	Filter     rationadmin.DeliveryState
	Filters    []rationadmin.DeliveryState
	First      bool // no earlier page
	Pager      pager
	Secret     string // shown once, after it was made
}

// deliveryRow is an event on its way, in words.
type deliveryRow struct {
	rationadmin.Delivery
	Row eventRow
}

// MayReplay reports whether the delivery can be sent again, or now.
func (r *deliveryRow) MayReplay() bool {
	return r.State != rationadmin.DeliveryWaiting || !r.NextAt.IsZero()
}

func (c *Console) webhook(v *visit, row webhookRow) error { return c.showWebhook(v, row, "") }

// showWebhook shows a webhook, and a secret of it that was just made.
func (c *Console) showWebhook(v *visit, row webhookRow, secret string) error {
	page := webhookPage{webhookRow: row, Types: typeChoices(row.Types), Secret: secret, First: true}
	page.Filters = []rationadmin.DeliveryState{rationadmin.DeliveryWaiting, rationadmin.DeliveryDead, rationadmin.DeliveryDelivered}
	values := url.Values{}
	if secret == "" {
		values = v.r.URL.Query()
	}
	page.Filter = rationadmin.DeliveryState(values.Get("state"))
	filter := rationadmin.DeliveryFilter{WebhookID: row.ID, State: page.Filter, Limit: deliveriesOnPage + 1}
	if after := values.Get("after"); after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if err == nil {
			err = json.Unmarshal(text, &filter.After)
		}
		if err != nil {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
		page.First = false
	}
	found, err := v.Operations.ListDeliveries(v.ctx, filter)
	if err != nil {
		return err
	}
	next := ""
	if len(found) > deliveriesOnPage {
		found = found[:deliveriesOnPage]
		text, err := json.Marshal(rationadmin.DeliveryAt(&found[deliveriesOnPage-1]))
		if err != nil {
			return err
		}
		next = base64.RawURLEncoding.EncodeToString(text)
	}
	page.Pager, page.Deliveries = newPager(row.Path(), values, next), deliveryRows(found)
	v.show(http.StatusOK, "webhook", layout{Title: "Webhook to " + row.Host, Section: "/events", Page: &page})
	return nil
}

func deliveryRows(deliveries []rationadmin.Delivery) []deliveryRow {
	rows := make([]deliveryRow, len(deliveries))
	for i := range deliveries {
		rows[i] = deliveryRow{deliveries[i], eventRows([]rationadmin.Event{deliveries[i].Event}, "")[0]}
	}
	return rows
}

// typeChoice is a type of events to choose.
type typeChoice struct {
	Type   rationadmin.EventType
	Words  string
	Chosen bool
}

// typeWords says of which events a type is.
var typeWords = map[rationadmin.EventType]string{
	rationadmin.EventKeyCreated:       "a key is created",
	rationadmin.EventKeyRequested:     "somebody asks for a key",
	rationadmin.EventKeyApproved:      "such a request is approved",
	rationadmin.EventKeyRejected:      "such a request is rejected",
	rationadmin.EventKeyRotated:       "a secret of a key is replaced",
	rationadmin.EventKeyDisabled:      "a key is disabled",
	rationadmin.EventKeyEnabled:       "a key is enabled again",
	rationadmin.EventKeyRevoked:       "a key is revoked",
	rationadmin.EventKeyExpiring:      "a key expires within 7 days",
	rationadmin.EventLimitThreshold:   "80 % or 100 % of a limit are used",
	rationadmin.EventRefundsExhausted: "there is no room for another refund",
}

func typeChoices(chosen []rationadmin.EventType) []typeChoice {
	choices := make([]typeChoice, len(rationadmin.EventTypes))
	for i, kind := range rationadmin.EventTypes {
		choices[i] = typeChoice{kind, typeWords[kind], slices.Contains(chosen, kind)}
	}
	return choices
}
