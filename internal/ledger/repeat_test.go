package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// TestChargesThatDifferAreTold repeats charges by one idempotency key, with one
// difference each. The last two spell the same if they are merely strung
// together: a scope and what the charge is about, or a meter and its units.
func TestChargesThatDifferAreTold(t *testing.T) {
	zeros := strings.Repeat("\x00", 12)
	one := []ration.Amount{amount("requests", 1)}
	about := func(text string) *ration.Idempotency { return &ration.Idempotency{Key: "k", About: text} }
	hold := func(ttl time.Duration, at ration.AtExpiry) *ration.Hold {
		return &ration.Hold{ID: ration.NewReservationID(), TTL: ttl, AtExpiry: at}
	}
	for _, row := range []struct {
		name         string
		first, other ration.Charge
		same         bool
	}{
		{"the same", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: one, Idempotency: about("a")}, true},
		{"another secret and address", ration.Charge{Amounts: one, Idempotency: about("a"), Via: "x"}, ration.Charge{Amounts: one, Idempotency: about("a"), Via: "y", Refundable: true}, true},
		{"another id", ration.Charge{Amounts: one, Idempotency: about(""), Hold: hold(time.Minute, "keep")}, ration.Charge{Amounts: one, Idempotency: about(""), Hold: hold(time.Minute, "keep")}, true},
		{"about something else", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: one, Idempotency: about("b")}, false},
		{"a scope", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: one, Idempotency: about("a"), Scope: "tokens"}, false},
		{"units", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: []ration.Amount{amount("requests", 2)}, Idempotency: about("a")}, false},
		{"a meter", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: []ration.Amount{one[0], amount("tokens", 0)}, Idempotency: about("a")}, false},
		{"a hold", ration.Charge{Amounts: one, Idempotency: about("a")}, ration.Charge{Amounts: one, Idempotency: about("a"), Hold: hold(time.Minute, "keep")}, false},
		{"how long", ration.Charge{Amounts: one, Idempotency: about("a"), Hold: hold(time.Minute, "keep")}, ration.Charge{Amounts: one, Idempotency: about("a"), Hold: hold(time.Hour, "keep")}, false},
		{"at expiry", ration.Charge{Amounts: one, Idempotency: about("a"), Hold: hold(time.Minute, "keep")}, ration.Charge{Amounts: one, Idempotency: about("a"), Hold: hold(time.Minute, "release")}, false},
		{"a scope for a meter", ration.Charge{Amounts: one, Scope: "tokens", Idempotency: about(zeros)}, ration.Charge{Amounts: []ration.Amount{one[0], amount("tokens", 12<<32)}, Idempotency: about("")}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := newAccount(t)
			a.policy.Key.Scopes = []string{"tokens"}
			account := ledger.NewAccount(a.policy, nil)
			if d := account.Decide(&ration.Item{Charge: &row.first}, ledger.Clock{Now: noon}); d.Code != ration.CodeOK || d.Replayed {
				t.Fatalf("first: %s, replayed %v", d.Code, d.Replayed)
			}
			want := ration.CodeIdempotencyMismatch
			if row.same {
				want = ration.CodeOK
			}
			if d := account.Decide(&ration.Item{Charge: &row.other}, ledger.Clock{Now: noon}); d.Code != want || d.Replayed != row.same {
				t.Errorf("other: %s, replayed %v; want %s", d.Code, d.Replayed, want)
			}
		})
	}
}
