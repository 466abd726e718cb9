package ledger_test

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// access is a key and a charge that a row changes; as it is, it is admitted.
type access struct {
	policy ledger.Policy
	charge ration.Charge
	secret ration.SecretID
}

var aSecret = ration.NewSecretID()

func newAccess(t *testing.T) *access {
	t.Helper()
	policy := newAccount(t, "5/day").policy
	policy.Key.Name, policy.Key.Owner = "a key", "alice"
	policy.Key.Scopes = []string{"read", "write"}
	policy.Key.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	policy.Secrets = []ration.SecretState{{ID: ration.NewSecretID(), RevokedAt: noon}, {ID: aSecret}}
	return &access{policy, ration.Charge{
		KeyID: policy.Key.ID, Scope: "read", IP: netip.MustParseAddr("10.1.2.3"),
		Amounts: []ration.Amount{amount("requests", 1)},
	}, aSecret}
}

func TestAccess(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*access)
		code   ration.Code
	}{
		{"all is well", func(*access) {}, ration.CodeOK},

		{"charged without a secret", func(a *access) { a.secret = ration.SecretID{} }, ration.CodeOK},
		{"a secret of another key", func(a *access) { a.secret = ration.NewSecretID() }, ration.CodeKeyUnknown},
		{"a revoked secret", func(a *access) { a.policy.Secrets[1].RevokedAt = noon }, ration.CodeKeyRevoked},
		{"a secret revoked by a clock that was ahead", func(a *access) { a.policy.Secrets[1].RevokedAt = noon.Add(time.Hour) }, ration.CodeKeyRevoked},
		{"a secret that ends now", func(a *access) { a.policy.Secrets[1].ExpiresAt = noon }, ration.CodeKeyExpired},
		{"a secret that ends next", func(a *access) { a.policy.Secrets[1].ExpiresAt = noon.Add(time.Microsecond) }, ration.CodeOK},
		{"a revoked secret that has ended", func(a *access) { a.policy.Secrets[1].RevokedAt, a.policy.Secrets[1].ExpiresAt = noon, noon }, ration.CodeKeyRevoked},

		{"a pending key", func(a *access) { a.policy.Key.Status = ration.StatusPending }, ration.CodeKeyDisabled},
		{"a disabled key", func(a *access) { a.policy.Key.Status = ration.StatusDisabled }, ration.CodeKeyDisabled},
		{"a rejected key", func(a *access) { a.policy.Key.Status = ration.StatusRejected }, ration.CodeKeyDisabled},
		{"a revoked key", func(a *access) { a.policy.Key.Status = ration.StatusRevoked }, ration.CodeKeyRevoked},
		{"a key of no status", func(a *access) { a.policy.Key.Status = "" }, ration.CodeKeyDisabled},
		{"a key that ends now", func(a *access) { a.policy.Key.ExpiresAt = noon }, ration.CodeKeyExpired},
		{"a key that ends next", func(a *access) { a.policy.Key.ExpiresAt = noon.Add(time.Microsecond) }, ration.CodeOK},
		{"a revoked key that has ended", func(a *access) { a.policy.Key.Status, a.policy.Key.ExpiresAt = ration.StatusRevoked, noon }, ration.CodeKeyRevoked},

		{"an address that is not on the list", func(a *access) { a.charge.IP = netip.MustParseAddr("11.0.0.1") }, ration.CodeIPNotAllowed},
		{"an address of the other family", func(a *access) { a.charge.IP = netip.MustParseAddr("2001:db8::7") }, ration.CodeOK},
		{"an unknown address", func(a *access) { a.charge.IP = netip.Addr{} }, ration.CodeIPNotAllowed},
		{"an unknown address without a list", func(a *access) { a.charge.IP, a.policy.Key.AllowedIPs = netip.Addr{}, nil }, ration.CodeOK},
		{"a scope that the key lacks", func(a *access) { a.charge.Scope = "admin" }, ration.CodeInsufficientScope},
		{"part of a scope", func(a *access) { a.charge.Scope = "rea" }, ration.CodeInsufficientScope},
		{"no scope", func(a *access) { a.charge.Scope, a.policy.Key.Scopes = "", nil }, ration.CodeOK},

		{"a revoked secret of a disabled key", func(a *access) {
			a.policy.Secrets[1].RevokedAt, a.policy.Key.Status = noon, ration.StatusDisabled
		}, ration.CodeKeyRevoked},
		{"no room and no scope", func(a *access) { a.charge.Scope, a.charge.Amounts[0].Units = "admin", 9 }, ration.CodeInsufficientScope},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccess(t)
			row.change(a)
			decision, changes := ledger.Decide(&a.policy, nil, &a.charge, a.secret, ledger.Clock{Now: noon})
			if decision.Code != row.code {
				t.Errorf("code %s, want %s", decision.Code, row.code)
			}
			known := ration.Decision{
				KeyID: a.policy.Key.ID, KeyName: a.policy.Key.Name, Owner: a.policy.Key.Owner, Plan: a.policy.Key.Plan,
			}
			if row.code == ration.CodeKeyUnknown {
				known = ration.Decision{}
			}
			if got := (ration.Decision{KeyID: decision.KeyID, KeyName: decision.KeyName, Owner: decision.Owner, Plan: decision.Plan}); !reflect.DeepEqual(got, known) {
				t.Errorf("%s tells of the key %+v, want %+v", decision.Code, got, known)
			}
			if decision.Allowed() != (len(decision.Limits) > 0) {
				t.Errorf("%s with limits %+v", decision.Code, decision.Limits)
			}
			if denied := changes.Meters[0].Denied; decision.Allowed() != (denied == 0) {
				t.Errorf("%s counts %d denials", decision.Code, denied)
			}
		})
	}
}

func TestClockSuspect(t *testing.T) {
	a := newAccess(t)
	charge := func(now time.Time) (ration.Decision, ledger.Changes) {
		return ledger.Decide(&a.policy, nil, &a.charge, a.secret, ledger.Clock{Now: now, Suspect: true})
	}
	decision, changes := charge(noon)
	if decision.Code != ration.CodeClockSuspect || len(changes.Meters) > 0 || len(decision.Limits) > 0 {
		t.Errorf("a period that would begin: %s with %+v", decision.Code, changes)
	}
	a.policy.Key.Status = ration.StatusDisabled // which no clock makes better
	if decision, _ := charge(noon); decision.Code != ration.CodeKeyDisabled {
		t.Errorf("a disabled key: %s", decision.Code)
	}
	running := newAccount(t, "5/day")
	running.allow(1, 4)
	one := ration.Charge{Amounts: []ration.Amount{amount("requests", 1)}}
	for wait, code := range map[time.Duration]ration.Code{
		time.Hour - time.Microsecond: ration.CodeOK,
		time.Hour:                    ration.CodeClockSuspect, // an hour begins, limited or not
	} {
		got, _ := ledger.Decide(&running.policy, running.usage, &one, ration.SecretID{}, ledger.Clock{Now: noon.Add(wait), Suspect: true})
		if got.Code != code {
			t.Errorf("%s after the first charge: %s, want %s", wait, got.Code, code)
		}
	}
}
