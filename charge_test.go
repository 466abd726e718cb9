package ration_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ration-dev/ration"
)

var equateEmpty = cmpopts.EquateEmpty()

func amount(meter string, units int64) ration.Amount {
	return ration.Amount{Meter: meter, Units: units}
}

func TestNormalizeCharge(t *testing.T) {
	for _, row := range []struct {
		name       string
		give, want []ration.Amount
	}{
		{"nothing is one request", nil, []ration.Amount{amount("requests", 1)}},
		{"an empty list is one request", []ration.Amount{}, []ration.Amount{amount("requests", 1)}},
		{"requests are added", []ration.Amount{amount("tokens", 5)}, []ration.Amount{amount("requests", 1), amount("tokens", 5)}},
		{"requests may be none", []ration.Amount{amount("requests", 0)}, []ration.Amount{amount("requests", 0)}},
		{"requests go first", []ration.Amount{amount("b", 1), amount("a", 2), amount("z", 3), amount("requests", 4)}, []ration.Amount{amount("requests", 4), amount("a", 2), amount("b", 1), amount("z", 3)}},
		{"the largest amount", []ration.Amount{amount("requests", ration.MaxUnits)}, []ration.Amount{amount("requests", ration.MaxUnits)}},
		{"a meter of all that is allowed", []ration.Amount{amount("a0_-.", 0)}, []ration.Amount{amount("requests", 1), amount("a0_-.", 0)}},
	} {
		t.Run(row.name, func(t *testing.T) {
			given := append([]ration.Amount(nil), row.give...)
			got, err := ration.Charge{KeyID: ration.NewKeyID(), Amounts: given}.Normalize()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got.Amounts); diff != "" {
				t.Errorf("amounts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.give, given, equateEmpty); diff != "" {
				t.Errorf("the caller's amounts were changed (-want +got):\n%s", diff)
			}
			again, err := got.Normalize()
			if diff := cmp.Diff(got.Amounts, again.Amounts); diff != "" || err != nil {
				t.Errorf("once more: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// manyMeters makes amounts on n meters other than requests.
func manyMeters(n int) []ration.Amount {
	amounts := make([]ration.Amount, n)
	for i := range amounts {
		amounts[i] = amount(fmt.Sprintf("m%d", i), 1)
	}
	return amounts
}

func TestNormalizeChargeRefuses(t *testing.T) {
	id := ration.NewKeyID()
	with := func(amounts ...ration.Amount) ration.Charge { return ration.Charge{KeyID: id, Amounts: amounts} }
	for _, row := range []struct {
		name   string
		charge ration.Charge
		field  string
	}{
		{"neither secret nor key", ration.Charge{}, "secret"},
		{"both secret and key", ration.Charge{KeyID: id, Secret: ration.NewSecret("rk")}, "secret"},
		{"a secret that is too long", ration.Charge{Secret: ration.SecretFromText(strings.Repeat("x", ration.MaxSecretLength+1))}, "secret"},
		{"a negative amount", with(amount("tokens", -1)), "amounts.tokens"},
		{"more than the largest amount", with(amount("tokens", ration.MaxUnits+1)), "amounts.tokens"},
		{"a meter twice", with(amount("tokens", 1), amount("tokens", 1)), "amounts.tokens"},
		{"requests twice", with(amount("requests", 1), amount("requests", 0)), "amounts.requests"},
		{"no meter", with(amount("", 1)), "meter"},
		{"an upper-case meter", with(amount("Tokens", 1)), "meter"},
		{"a meter with a NUL", with(amount("a\x00", 1)), "meter"},
		{"a meter that is no text", with(amount("a\xff", 1)), "meter"},
		{"a meter with a letter beyond ASCII", with(amount("tökens", 1)), "meter"},
		{"a meter that begins with a digit", with(amount("1a", 1)), "meter"},
		{"a meter that is too long", with(amount(strings.Repeat("m", 65), 1)), "meter"},
		{"too many meters", with(manyMeters(16)...), "amounts"},
		{"a scope with a space", ration.Charge{KeyID: id, Scope: "a b"}, "scope"},
		{"a scope with a quote", ration.Charge{KeyID: id, Scope: `a"`}, "scope"},
		{"a scope with a NUL", ration.Charge{KeyID: id, Scope: "a\x00"}, "scope"},
		{"a scope that is too long", ration.Charge{KeyID: id, Scope: strings.Repeat("a", 101)}, "scope"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := row.charge.Normalize()
			if invalid := (*ration.InvalidError)(nil); !errors.As(err, &invalid) || invalid.Field != row.field {
				t.Errorf("%v, want an error about %s", err, row.field)
			}
			if secret := row.charge.Secret.Reveal(); secret != "" && strings.Contains(err.Error(), secret[:8]) {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}

func TestNormalizeChargeTakesTheMost(t *testing.T) {
	charge := ration.Charge{
		Secret:  ration.SecretFromText(strings.Repeat("x", ration.MaxSecretLength)),
		Amounts: manyMeters(15), Scope: strings.Repeat("~", 100),
	}
	if got, err := charge.Normalize(); err != nil || len(got.Amounts) != ration.MaxMetersPerCharge {
		t.Errorf("%d amounts, %v", len(got.Amounts), err)
	}
}

func TestNormalizeChargeKnowsAnAddressByOneName(t *testing.T) {
	for give, want := range map[string]string{
		"::ffff:192.0.2.1": "192.0.2.1", "192.0.2.1": "192.0.2.1", "fe80::1%eth0": "fe80::1", "2001:db8::1": "2001:db8::1",
	} {
		got, err := ration.Charge{KeyID: ration.NewKeyID(), IP: netip.MustParseAddr(give)}.Normalize()
		if err != nil || got.IP.String() != want {
			t.Errorf("%s became %s, %v; want %s", give, got.IP, err, want)
		}
	}
}

func TestInvalidErrorShowsHostileTextShortAndQuoted(t *testing.T) {
	err := &ration.InvalidError{Field: "meter", Value: "\x1b[31m\n" + strings.Repeat("ä", 1000), Reason: "no"}
	text := err.Error()
	if len(text) > 200 || strings.ContainsAny(text, "\x1b\n") {
		t.Errorf("error of %d bytes: %q", len(text), text)
	}
}
