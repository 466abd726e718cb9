package storetest

import (
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var accessTests = []contractTest{
	{"a key's status holds from the next decision on", testStatus},
	{"a key ends at its expiry", testExpiry},
	{"a charge needs the scope it asks for", testScopes},
	{"an allow list lets in its addresses only", testAllowedIPs},
	{"digests resolve to their secrets in order", testResolveDigests},
	{"two secrets share one account while they overlap", testRotation},
	{"a revoked secret leaves the others alone", testRevokedSecret},
	{"a secret of another key is unknown", testForeignSecret},
	{"a secret's last use is noted once a minute", testLastUse},
}

func testStatus(f *fixture) {
	id := f.key(f.plan("10/day").Name)
	f.allow(id, requests(1), 9)
	for _, row := range []struct {
		status ration.Status
		code   ration.Code
	}{
		{ration.StatusDisabled, ration.CodeKeyDisabled},
		{ration.StatusPending, ration.CodeKeyDisabled},
		{ration.StatusRejected, ration.CodeKeyDisabled},
		{ration.StatusRevoked, ration.CodeKeyRevoked},
	} {
		f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = row.status })
		if decision := f.deny(id, requests(1), row.code, 0); len(decision.Limits) > 0 {
			f.Errorf("%s: limits were consulted", row.status)
		}
	}
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Status = ration.StatusActive })
	f.allow(id, requests(1), 8)
	if denied := f.meter(id, ration.MeterRequests).Denied; denied != 4 {
		f.Errorf("%d denied, want 4", denied)
	}
}

func testExpiry(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.ExpiresAt = noon.Add(time.Second) })
	f.allow(id, requests(1))
	f.setNow(noon.Add(time.Second - time.Microsecond))
	f.allow(id, requests(1))
	f.setNow(noon.Add(time.Second))
	f.deny(id, requests(1), ration.CodeKeyExpired, 0)
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.ExpiresAt = time.Time{} })
	f.allow(id, requests(1))
}

func testScopes(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) { change.Key.Scopes = []string{"read", "things:write"} })
	for scope, code := range map[string]ration.Code{
		"": ration.CodeOK, "read": ration.CodeOK, "things:write": ration.CodeOK,
		"write": ration.CodeInsufficientScope, "things": ration.CodeInsufficientScope, "Read": ration.CodeInsufficientScope,
	} {
		charge := chargeOf(id)
		charge.Scope = scope
		f.wantCode(f.charge(charge), code)
	}
}

func testAllowedIPs(f *fixture) {
	id := f.keyWith(func(change *admin.KeyChange) {
		change.Key.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	})
	for text, code := range map[string]ration.Code{
		"10.1.2.3": ration.CodeOK, "::ffff:10.1.2.3": ration.CodeOK, "2001:db8::1": ration.CodeOK,
		"10.2.0.1": ration.CodeIPNotAllowed, "2001:db9::1": ration.CodeIPNotAllowed,
	} {
		charge := chargeOf(id)
		charge.IP = netip.MustParseAddr(text)
		f.wantCode(f.charge(charge), code)
	}
	f.wantCode(f.charge(chargeOf(id)), ration.CodeIPNotAllowed)
}

// keyWithSecrets creates a key with secrets and returns them.
func (f *fixture) keyWithSecrets(plan string, labels ...string) (ration.KeyID, []admin.NewSecret) {
	f.Helper()
	var secrets []admin.NewSecret
	id := f.keyWith(func(change *admin.KeyChange) {
		change.Key.Plan = plan
		for _, label := range labels {
			secret := newSecret(label, change.Now)
			secrets = append(secrets, secret)
		}
		change.NewSecrets = secrets
	})
	return id, secrets
}

// chargeWith charges one request with a secret.
func (f *fixture) chargeWith(id ration.KeyID, secret ration.SecretID) ration.Decision {
	f.Helper()
	charge := chargeOf(id)
	charge.SecretID = secret
	return f.charge(charge)
}

func testResolveDigests(f *fixture) {
	a, secretsA := f.keyWithSecrets("", "one", "two")
	b, secretsB := f.keyWithSecrets("", "three")
	unknown := newSecret("unknown", f.now)
	refs, err := f.Store.ResolveDigests(f.Context(), []ration.Digest{
		secretsB[0].Digest, unknown.Digest, secretsA[1].Digest, secretsB[0].Digest, secretsA[0].Digest,
	})
	if err != nil {
		f.Fatal(err)
	}
	f.want("refs", []ration.SecretRef{
		{KeyID: b, SecretID: secretsB[0].ID},
		{},
		{KeyID: a, SecretID: secretsA[1].ID},
		{KeyID: b, SecretID: secretsB[0].ID},
		{KeyID: a, SecretID: secretsA[0].ID},
	}, refs)
}

func testRotation(f *fixture) {
	id, secrets := f.keyWithSecrets(f.plan("10/day").Name, "old")
	old, overlap := secrets[0], time.Hour
	fresh := newSecret("new", f.now)
	record := f.updateKey(id, func(change *admin.KeyChange) {
		change.Key.Secrets[0].ExpiresAt = change.Now.Add(overlap)
		change.NewSecrets = []admin.NewSecret{fresh}
	})
	old.ExpiresAt = noon.Add(overlap)
	f.want("secrets", []ration.SecretState{old.SecretState, fresh.SecretState}, record.Secrets)
	f.wantRemaining(f.chargeWith(id, old.ID), 9)
	f.wantRemaining(f.chargeWith(id, fresh.ID), 8)
	f.advance(overlap - time.Microsecond)
	f.wantRemaining(f.chargeWith(id, old.ID), 7)
	f.advance(time.Microsecond)
	f.wantCode(f.chargeWith(id, old.ID), ration.CodeKeyExpired)
	f.wantRemaining(f.chargeWith(id, fresh.ID), 6)
	refs, err := f.Store.ResolveDigests(f.Context(), []ration.Digest{old.Digest})
	if err != nil {
		f.Fatal(err)
	}
	f.want("ref of the old secret", []ration.SecretRef{{KeyID: id, SecretID: old.ID}}, refs)
}

func testRevokedSecret(f *fixture) {
	id, secrets := f.keyWithSecrets("", "leaked", "kept")
	f.updateKey(id, func(change *admin.KeyChange) { change.Key.Secrets[0].RevokedAt = change.Now })
	f.wantCode(f.chargeWith(id, secrets[0].ID), ration.CodeKeyRevoked)
	f.wantCode(f.chargeWith(id, secrets[1].ID), ration.CodeOK)
	entry := f.meter(id, ration.MeterRequests)
	if entry.Used != 1 || entry.Denied != 1 {
		f.Errorf("used %d, denied %d; want 1 and 1", entry.Used, entry.Denied)
	}
}

func testForeignSecret(f *fixture) {
	id, _ := f.keyWithSecrets("", "own")
	_, foreign := f.keyWithSecrets("", "foreign")
	for _, secret := range []ration.SecretID{foreign[0].ID, ration.NewSecretID()} {
		f.want("decision", ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: f.now}, f.chargeWith(id, secret))
	}
}

func testLastUse(f *fixture) {
	id, secrets := f.keyWithSecrets(f.plan("4/day").Name, "used", "idle")
	lastUse := func(want time.Time) {
		f.Helper()
		record, err := f.Store.Key(f.Context(), id)
		if err != nil {
			f.Fatal(err)
		}
		if got := record.Secrets[0].LastUsedAt; !got.Equal(want) {
			f.Errorf("last used at %s, want %s", got, want)
		}
		if got := record.Secrets[1].LastUsedAt; !got.IsZero() {
			f.Errorf("the other secret was used at %s", got)
		}
	}
	lastUse(time.Time{})
	f.allow(id, requests(1), 3)
	lastUse(time.Time{})
	f.wantRemaining(f.chargeWith(id, secrets[0].ID), 2)
	lastUse(noon)
	f.advance(time.Minute - time.Microsecond)
	f.wantRemaining(f.chargeWith(id, secrets[0].ID), 1)
	lastUse(noon)
	f.advance(time.Microsecond)
	f.wantRemaining(f.chargeWith(id, secrets[0].ID), 0)
	lastUse(noon.Add(time.Minute))
	f.advance(time.Minute)
	f.wantCode(f.chargeWith(id, secrets[0].ID), ration.CodeQuotaExceeded)
	lastUse(noon.Add(time.Minute))
}
