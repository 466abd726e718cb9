package portal_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationtest"
)

// openRotating returns a desk whose holders may replace their secrets.
func openRotating(t *testing.T) *desk {
	t.Helper()
	rotator := new(later)
	d := open(t, func(c *portal.Config) { c.Rotate, c.RotationOverlap = rotator, 24*time.Hour })
	rotator.Service = d.Operations().(*admin.Service)
	return d
}

// later is operations that are only known once the portal has been made.
type later struct{ *admin.Service }

var newSecret = regexp.MustCompile(`id="new-secret"[^>]* value="(rk_[A-Za-z0-9]+)"`)

func confirmed(secret ration.Secret) url.Values {
	return url.Values{"secret": {secret.Reveal()}, "confirm": {"yes"}}
}

func TestHolderReplacesASecret(t *testing.T) {
	d := openRotating(t)
	key := d.Key(rationtest.Key{Name: "mine", Limits: []string{"10/day"}})
	d.send("/portal", secretForm(key.Secret)).wants(t, 200, `id="rotate-form"`, "goes on working for 24 hours")
	d.send("/portal/rotate", confirmed(key.Secret)).wants(t, 409, "Wait a minute")
	d.Advance(time.Minute)
	d.send("/portal/rotate", secretForm(key.Secret)).wants(t, 422, "Nothing was replaced")

	got := d.send("/portal/rotate", confirmed(key.Secret))
	got.wants(t, 200, "shown only now", "The former key goes on working for 24 hours")
	found := newSecret.FindStringSubmatch(got.text)
	if found == nil || strings.Contains(got.text, key.Secret.Reveal()) {
		t.Fatalf("no new secret, or the former one, in %s", got.text)
	}
	fresh := ration.SecretFromText(found[1])
	d.send("/portal", secretForm(fresh)).wants(t, 200, key.ID.String())
	d.send("/portal/rotate", confirmed(key.Secret)).wants(t, 409, "There is a newer key")
	d.Advance(24 * time.Hour)
	d.send("/portal", secretForm(key.Secret)).wants(t, 401, "has expired")
	d.send("/portal", secretForm(fresh)).wants(t, 200)

	entries, err := d.Operations().ListAudit(t.Context(), rationadmin.AuditFilter{})
	if err != nil || len(entries) == 0 || entries[0].Actor != "holder:"+key.ID.String() || entries[0].Action != "key.rotate" || entries[0].From != "192.0.2.1" {
		t.Errorf("audit %+v, %v", entries, err)
	}
	for _, secret := range []string{key.Secret.Reveal(), fresh.Reveal()} {
		if strings.Contains(d.log.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestRotationOfWhatMayNotBeUsed(t *testing.T) {
	d := openRotating(t)
	disabled, revoked, expired := d.Key(rationtest.Key{}), d.Key(rationtest.Key{}), d.Key(rationtest.Key{ExpiresAt: d.Now().Add(time.Hour)})
	d.Disable(disabled.ID)
	d.Revoke(revoked.ID)
	d.Advance(time.Hour)
	for name, secret := range map[string]ration.Secret{
		"disabled": disabled.Secret, "revoked": revoked.Secret, "expired": expired.Secret, "unknown": ration.NewSecret("rk"), "none": {},
	} {
		if got := d.send("/portal/rotate", confirmed(secret)); got.StatusCode != 401 || newSecret.MatchString(got.text) {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
}

func TestRotationIsOffByDefault(t *testing.T) {
	d := open(t)
	key := d.Key(rationtest.Key{})
	d.Advance(time.Hour)
	d.send("/portal/rotate", confirmed(key.Secret)).wants(t, 404, "can&#39;t be replaced here")
	d.send("/portal", secretForm(key.Secret)).wants(t, 200)
}
