package storetest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

var webhookTests = []contractTest{
	{"a webhook comes back as it was written", testWebhookRoundTrip},
	{"a webhook is changed and deleted, and the audit log says so", testWebhookChanged},
	{"a webhook that isn't there can't be changed", testWebhookMissing},
	{"no secret of a webhook is shown again", testWebhookSecretsShown},
	{"a webhook is created once, however often it is asked for", testWebhookOnce},
	{"instances create no more webhooks than there may be", testWebhooksBounded},
}

const hookURL = "https://hooks.example.com/path-that-is-secret?q=ä"

// webhook creates a webhook for what happens from now on. It is deleted after the test.
func (f *fixture) webhook(types ...admin.EventType) admin.IssuedWebhook {
	f.Helper()
	issued, err := f.service().CreateWebhook(f.Context(), "test", admin.NewWebhook{URL: hookURL, Types: types})
	f.wantError(err, nil)
	return issued
}

// withoutWebhooks deletes those of earlier tests.
func (f *fixture) withoutWebhooks() {
	f.Helper()
	for _, webhook := range f.webhooks() {
		f.wantError(f.service().DeleteWebhook(f.Context(), "test", webhook.ID), nil)
	}
}

func (f *fixture) webhooks() []admin.Webhook {
	f.Helper()
	webhooks, err := f.Store.ListWebhooks(f.Context())
	f.wantError(err, nil)
	return webhooks
}

func (f *fixture) changeWebhook(patch admin.WebhookPatch) admin.Webhook {
	f.Helper()
	changed, err := f.service().UpdateWebhook(f.Context(), "test", patch)
	f.wantError(err, nil)
	return changed
}

func (f *fixture) enableWebhook(id uuid.UUID, enabled bool) admin.Webhook {
	f.Helper()
	return f.changeWebhook(admin.WebhookPatch{ID: id, Enabled: &enabled})
}

func testWebhookRoundTrip(f *fixture) {
	f.withoutWebhooks()
	first := f.webhook()
	f.advance(time.Second)
	second := f.webhook(admin.EventKeyRevoked, admin.EventKeyCreated, admin.EventKeyRevoked)
	want := []admin.Webhook{
		{ID: first.ID, URL: hookURL, Enabled: true, CreatedBy: "test", CreatedAt: noon, UpdatedAt: noon},
		{ID: second.ID, URL: hookURL, Types: []admin.EventType{admin.EventKeyCreated, admin.EventKeyRevoked}, Enabled: true, CreatedBy: "test", CreatedAt: f.now, UpdatedAt: f.now},
	}
	f.want("webhooks", want, f.webhooks())
	f.want("created", want, []admin.Webhook{first.Webhook, second.Webhook})
}

func testWebhookChanged(f *fixture) {
	f.withoutWebhooks()
	id := f.webhook().ID
	f.advance(time.Second)
	other, types := "https://other.example.com", []admin.EventType{admin.EventKeyExpiring}
	changed := f.changeWebhook(admin.WebhookPatch{ID: id, URL: &other, Types: &types})
	f.want("changed", admin.Webhook{ID: id, URL: other, Types: types, Enabled: true, CreatedBy: "test", CreatedAt: noon, UpdatedAt: f.now}, changed)
	f.want("webhooks", []admin.Webhook{changed}, f.webhooks())
	f.advance(time.Second)
	f.want("changed to the same", changed, f.changeWebhook(admin.WebhookPatch{ID: id, URL: &other}))
	f.enableWebhook(id, false)
	all := []admin.EventType{}
	f.changeWebhook(admin.WebhookPatch{ID: id, Types: &all})
	if listed := f.webhooks()[0]; listed.Enabled || listed.Types != nil {
		f.Errorf("%+v, want a disabled webhook of all types", listed)
	}
	f.wantError(f.service().DeleteWebhook(f.Context(), "test", id), nil)
	f.want("webhooks", 0, len(f.webhooks()))
	entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{Target: "webhook:" + id.String(), OldestFirst: true})
	f.wantError(err, nil)
	var actions []string
	for _, entry := range entries {
		actions = append(actions, entry.Action)
		if strings.Contains(string(entry.Details), "path-that-is-secret") {
			f.Errorf("the audit log says %s, with a part of the address that may be secret", entry.Details)
		}
	}
	f.want("actions", []string{"webhook.create", "webhook.update", "webhook.update", "webhook.update", "webhook.delete"}, actions)
}

func testWebhookMissing(f *fixture) {
	id, service, enabled := uuid.New(), f.service(), true
	_, err := service.UpdateWebhook(f.Context(), "test", admin.WebhookPatch{ID: id, Enabled: &enabled})
	f.wantError(err, ration.ErrNotFound)
	_, err = service.RotateWebhookSecret(f.Context(), "test", id)
	f.wantError(err, ration.ErrNotFound)
	f.wantError(service.DeleteWebhook(f.Context(), "test", id), ration.ErrNotFound)
	_, err = service.ReplayDelivery(f.Context(), "test", admin.DeliveryID{WebhookID: id, EventID: uuid.New()})
	f.wantError(err, ration.ErrNotFound)
	_, err = service.ReplayDead(f.Context(), "test", id)
	f.wantError(err, ration.ErrNotFound)
	_, err = service.ReplayDelivery(f.Context(), "test", admin.DeliveryID{WebhookID: f.webhook().ID, EventID: uuid.New()})
	f.wantError(err, ration.ErrNotFound)
	f.wantError(f.Store.EndDelivery(f.Context(), admin.DeliveryRun{Delivery: admin.Delivery{WebhookID: id}}, admin.DeliveryOutcome{State: admin.DeliveryDead}), nil)
}

// testWebhookSecretsShown rotates a secret, and looks at all that is to be seen.
func testWebhookSecretsShown(f *fixture) {
	f.withoutWebhooks()
	issued := f.webhook()
	secrets := []string{issued.Secret.Reveal()}
	f.key("")
	f.publish(f.Store)
	runSecrets := func() (texts []string) {
		run := f.takeDelivery()
		for _, secret := range run.Secrets {
			texts = append(texts, secret.Reveal())
		}
		f.endDelivery(run, admin.DeliveryOutcome{})
		if printed := fmt.Sprintf("%v %+v %#v", run, run, run); strings.Contains(printed, "whsec_") {
			f.Errorf("a run prints a secret: %s", printed)
		}
		return texts
	}
	f.want("secrets", secrets, runSecrets())
	for range 2 {
		rotated, err := f.service().RotateWebhookSecret(f.Context(), "test", issued.ID)
		f.wantError(err, nil)
		f.want("until", f.now.Add(24*time.Hour), rotated.PreviousUntil)
		secrets = append(secrets, rotated.Secret.Reveal())
		f.want("secrets", []string{secrets[len(secrets)-1], secrets[len(secrets)-2]}, runSecrets())
	}
	f.advance(24*time.Hour - time.Microsecond)
	f.want("number of secrets shortly before", 2, len(runSecrets()))
	f.advance(time.Microsecond)
	f.want("secrets a day later", secrets[2:], runSecrets())
	entries, err := f.Store.ListAudit(f.Context(), admin.AuditFilter{})
	f.wantError(err, nil)
	shown := fmt.Sprintf("%+v %s %+v", f.webhooks(), entries, issued)
	for _, secret := range secrets {
		if len(secret) != len("whsec_")+44 || !strings.HasPrefix(secret, "whsec_") {
			f.Errorf("a secret is %q, want whsec_ and 32 bytes in base64", secret)
		}
		if strings.Contains(shown, secret) || strings.Contains(shown, "whsec_") {
			f.Errorf("%q is shown in %s", secret, shown)
		}
	}
}

func testWebhookOnce(f *fixture) {
	f.withoutWebhooks()
	create := func() (admin.IssuedWebhook, error) {
		once := &admin.Once{ID: [32]byte{25}, Seal: func(result any) ([]byte, error) {
			issued, ok := result.(admin.IssuedWebhook)
			if !ok || issued.Secret.IsZero() || issued.CreatedAt.IsZero() {
				f.Errorf("the answer to keep is %T %v", result, result)
			}
			return []byte("sealed"), nil
		}}
		return f.service().CreateWebhook(admin.WithOnce(f.Context(), once), "test", admin.NewWebhook{URL: hookURL})
	}
	_, err := create()
	f.wantError(err, nil)
	_, err = create()
	var repeated *admin.RepeatedError
	if !errors.As(err, &repeated) || string(repeated.Answer) != "sealed" {
		f.Errorf("error %v, want the answer that was kept", err)
	}
	f.want("number of webhooks", 1, len(f.webhooks()))
}

func testWebhooksBounded(f *fixture) {
	f.withoutWebhooks()
	stores := f.instances(2)
	var refused atomic.Int64
	var group sync.WaitGroup
	for i := range rationadmin.MaxWebhooks + 5 {
		group.Go(func() {
			_, err := admin.New(stores[i%len(stores)], admin.Config{}).CreateWebhook(f.Context(), "test", admin.NewWebhook{URL: hookURL})
			if errors.Is(err, ration.ErrConflict) {
				refused.Add(1)
			} else if err != nil {
				f.Errorf("creating: %v", err)
			}
		})
	}
	group.Wait()
	f.want("refused", int64(5), refused.Load())
	f.want("number of webhooks", rationadmin.MaxWebhooks, len(f.webhooks()))
	f.withoutWebhooks()
}
