package admin

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

const (
	// webhookSecretPrefix and webhookSecretBytes are as Standard Webhooks has them.
	webhookSecretPrefix = "whsec_"
	webhookSecretBytes  = 32

	maxWebhookURL = 2000
)

// CreateWebhook creates a webhook, to which events that happen from now on are sent. Error
// besides those of [Operations]: ErrConflict if there are [rationadmin.MaxWebhooks].
func (s *Service) CreateWebhook(ctx context.Context, actor string, webhook NewWebhook) (IssuedWebhook, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return IssuedWebhook{}, err
	}
	created := Webhook{ID: uuid.Must(uuid.NewV7()), URL: webhook.URL, Enabled: true, CreatedBy: actor}
	if created.Types, err = normalizeTypes(webhook.Types); err != nil {
		return IssuedWebhook{}, err
	}
	if err := validateWebhookURL(webhook.URL); err != nil {
		return IssuedWebhook{}, err
	}
	audit, err := by.audit("webhook.create", webhookTarget(created.ID), nil, webhookFields(&created))
	if err != nil {
		return IssuedWebhook{}, err
	}
	if err := s.publish(ctx); err != nil { // what has happened before is not for it
		return IssuedWebhook{}, err
	}
	secret := newWebhookSecret()
	issue := func(created Webhook) IssuedWebhook { return IssuedWebhook{Webhook: created, Secret: secret} }
	if created, err = s.store.CreateWebhook(Answering(ctx, issue), created, secret, admitWebhook, audit); err != nil {
		return IssuedWebhook{}, err
	}
	return issue(created), nil
}

func admitWebhook(count int) error {
	if count >= rationadmin.MaxWebhooks {
		return fmt.Errorf("%w: there are %d webhooks, which is the most allowed; delete one", ration.ErrConflict, count)
	}
	return nil
}

func newWebhookSecret() ration.Secret {
	random := make([]byte, webhookSecretBytes)
	_, _ = rand.Read(random) // never fails
	return ration.SecretFromText(webhookSecretPrefix + base64.StdEncoding.EncodeToString(random))
}

func webhookTarget(id uuid.UUID) string { return "webhook:" + id.String() }

// webhookFields describes a webhook. What comes after the host of its address may be as good
// as a secret, so only a few digits tell that it has changed.
func webhookFields(w *Webhook) fields {
	digest := sha256.Sum256([]byte(w.URL))
	all := fields{"url": WebhookOrigin(w.URL), "url_digest": hex.EncodeToString(digest[:4]), "enabled": w.Enabled}
	all.add("types", w.Types, len(w.Types) > 0)
	all.add("disabled_reason", w.DisabledReason, w.DisabledReason != "")
	all.add("previous_secret_until", w.PreviousUntil, !w.PreviousUntil.IsZero())
	return all
}

// WebhookOrigin returns the part of a webhook's address that is not secret: scheme and host.
func WebhookOrigin(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}

// normalizeTypes checks which types are sent.
func normalizeTypes(types []EventType) ([]EventType, error) {
	types = slices.Compact(slices.Sorted(slices.Values(types)))
	for _, kind := range types {
		if kind == "" {
			return nil, &ration.InvalidError{Field: "types", Reason: "leave out the empty type"}
		}
		if err := validateEventType(kind); err != nil {
			return nil, err
		}
	}
	if len(types) == 0 {
		return nil, nil
	}
	return types, nil
}

// validateWebhookURL checks an address as far as it can be seen from its text: which host it
// leads to is looked at each time that something is sent.
func validateWebhookURL(text string) error {
	invalid := func(reason string) error { return &ration.InvalidError{Field: "url", Reason: reason} } // it may have a secret
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Hostname() == "" || parsed.Scheme != "https" && parsed.Scheme != "http":
		return invalid("use an address such as https://example.com/hooks/ration")
	case parsed.Port() != "" && !isPort(parsed.Port()):
		return invalid("use a port from 1 to 65535")
	case len(text) > maxWebhookURL:
		return invalid(fmt.Sprintf("use at most %d bytes", maxWebhookURL))
	case parsed.User != nil:
		return invalid("leave out what stands before the @: signatures say who sends")
	case parsed.Fragment != "":
		return invalid("leave out the fragment, which is never sent")
	}
	return nil
}

func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// ListWebhooks returns all webhooks, in the order of their creation, without their secrets.
func (s *Service) ListWebhooks(ctx context.Context) ([]WebhookStatus, error) {
	webhooks, err := s.store.ListWebhooks(ctx)
	if err != nil || len(webhooks) == 0 {
		return nil, err
	}
	backlogs, _, err := s.store.Backlog(ctx)
	if err != nil {
		return nil, err
	}
	status := make([]WebhookStatus, len(webhooks))
	for i, webhook := range webhooks {
		status[i] = WebhookStatus{Webhook: webhook, Backlog: WebhookBacklog{WebhookID: webhook.ID}}
		if at := slices.IndexFunc(backlogs, func(b WebhookBacklog) bool { return b.WebhookID == webhook.ID }); at >= 0 {
			status[i].Backlog = backlogs[at]
		}
	}
	return status, nil
}

// ShowWebhook returns a webhook. Error: ErrNotFound.
func (s *Service) ShowWebhook(ctx context.Context, id uuid.UUID) (WebhookStatus, error) {
	webhooks, err := s.ListWebhooks(ctx)
	if err != nil {
		return WebhookStatus{}, err
	}
	at := slices.IndexFunc(webhooks, func(w WebhookStatus) bool { return w.ID == id })
	if at < 0 {
		return WebhookStatus{}, fmt.Errorf("webhook %s: %w", id, ration.ErrNotFound)
	}
	return webhooks[at], nil
}

// UpdateWebhook changes a webhook. Error: ErrNotFound.
func (s *Service) UpdateWebhook(ctx context.Context, actor string, patch WebhookPatch) (Webhook, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Webhook{}, err
	}
	if patch.Enabled != nil && *patch.Enabled {
		if err := s.publish(ctx); err != nil { // what has happened while it was disabled is not for it
			return Webhook{}, err
		}
	}
	return s.store.UpdateWebhook(ctx, patch.ID, func(change *WebhookChange) error {
		before := webhookFields(&change.Webhook)
		set(&change.Webhook.URL, patch.URL)
		set(&change.Webhook.Enabled, patch.Enabled)
		if change.Webhook.Enabled {
			change.Webhook.DisabledReason = ""
		}
		if patch.Types != nil {
			var err error
			if change.Webhook.Types, err = normalizeTypes(*patch.Types); err != nil {
				return err
			}
		}
		if err := validateWebhookURL(change.Webhook.URL); err != nil {
			return err
		}
		var err error
		change.Audit, err = by.audit("webhook.update", webhookTarget(patch.ID), before, webhookFields(&change.Webhook))
		return err
	})
}

// RotateWebhookSecret gives a webhook a new secret. The one that it had signs too for
// [rationadmin.PreviousSecretValid]; the one before that, if it still did, doesn't any more.
// Error: ErrNotFound.
func (s *Service) RotateWebhookSecret(ctx context.Context, actor string, id uuid.UUID) (IssuedWebhook, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return IssuedWebhook{}, err
	}
	secret := newWebhookSecret()
	issue := func(changed Webhook) IssuedWebhook { return IssuedWebhook{Webhook: changed, Secret: secret} }
	changed, err := s.store.UpdateWebhook(Answering(ctx, issue), id, func(change *WebhookChange) (err error) {
		before := webhookFields(&change.Webhook)
		change.NewSecret, change.Webhook.PreviousUntil = secret, change.Now.Add(rationadmin.PreviousSecretValid)
		change.Audit, err = by.audit("webhook.rotate_secret", webhookTarget(id), before, webhookFields(&change.Webhook))
		if errors.Is(err, ErrUnchanged) { // rotated twice at one instant
			change.Audit, err = by.auditEnd("webhook.rotate_secret", webhookTarget(id))
		}
		return err
	})
	if err != nil {
		return IssuedWebhook{}, err
	}
	return issue(changed), nil
}

// DeleteWebhook deletes a webhook with its deliveries. Error: ErrNotFound.
func (s *Service) DeleteWebhook(ctx context.Context, actor string, id uuid.UUID) error {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return err
	}
	return s.store.DeleteWebhook(ctx, id, func(deleted Webhook) (AuditEntry, error) {
		return by.audit("webhook.delete", webhookTarget(id), webhookFields(&deleted), fields{})
	})
}

// ListDeliveries returns deliveries, those of the latest events first.
func (s *Service) ListDeliveries(ctx context.Context, filter DeliveryFilter) ([]Delivery, error) {
	if err := ValidatePageSize(filter.Limit); err != nil {
		return nil, err
	}
	if !slices.Contains([]DeliveryState{"", DeliveryWaiting, DeliveryDelivered, DeliveryDead}, filter.State) {
		return nil, &ration.InvalidError{Field: "state", Value: string(filter.State), Reason: "use one of waiting, delivered, dead"}
	}
	if err := validateEventType(filter.Type); err != nil {
		return nil, err
	}
	return s.store.ListDeliveries(ctx, filter)
}

// ReplayDelivery sends an event again to a webhook, as [Replay] says. Errors: ErrNotFound;
// ErrConflict.
func (s *Service) ReplayDelivery(ctx context.Context, actor string, id DeliveryID) (Delivery, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return Delivery{}, err
	}
	audit, err := by.audit("webhook.replay", webhookTarget(id.WebhookID), nil, fields{"event": id.EventID})
	if err != nil {
		return Delivery{}, err
	}
	return s.store.ReplayDelivery(ctx, id, audit)
}

// ReplayDead sends the oldest dead deliveries of a webhook again, at most
// [rationadmin.MaxReplayed], and returns how many: if as many, there may be more. Errors:
// ErrNotFound; ErrConflict if the webhook is disabled.
func (s *Service) ReplayDead(ctx context.Context, actor string, webhook uuid.UUID) (int, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return 0, err
	}
	return s.store.ReplayDead(ctx, webhook, rationadmin.MaxReplayed, func(count int) (AuditEntry, error) {
		return by.audit("webhook.replay_dead", webhookTarget(webhook), nil, fields{"deliveries": count})
	})
}
