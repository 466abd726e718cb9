package ledger_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// suspect is a clock by which what is held at noon is due, and which may be wrong.
var suspect = ledger.Clock{Now: noon.Add(2 * time.Minute), Suspect: true}

// TestNothingExpiresByASuspectClock: it may be ahead, and what it ends has ended.
func TestNothingExpiresByASuspectClock(t *testing.T) {
	a := newAccount(t, "10/day")
	r := held(a.policy.Key.ID, ration.Posting{Meter: "requests", Units: 9, Periods: periodsOf(0, 0, 0, 0)})
	a.usage = ledger.Usage{running("requests", 0, 9)}
	for _, action := range []ration.EndAction{ration.EndSettle, ration.EndVoid, ration.EndExpire} {
		account := ledger.NewAccount(a.policy, a.usage.Clone())
		account.TakePrior(ledger.Prior{Reservations: []ration.Reservation{r}})
		decision := account.Decide(&ration.Item{KeyID: a.policy.Key.ID, End: &ration.End{ID: r.ID, Action: action}}, suspect)
		if decision.Code != ration.CodeClockSuspect || len(account.ChangedReservations()) != 0 || len(account.Writes()) != 0 {
			t.Errorf("%s of what is due: %s, changed %+v", action, decision.Code, account.ChangedReservations())
		}
	}
	account := ledger.NewAccount(a.policy, a.usage.Clone())
	charge := ration.Charge{KeyID: a.policy.Key.ID, Amounts: []ration.Amount{amount("requests", 2)}}
	if decision := account.Decide(&ration.Item{Charge: &charge}, suspect); decision.Code != ration.CodeQuotaExceeded || account.Shortage() != ledger.NotShort {
		t.Errorf("a charge without room: %s, shortage %d", decision.Code, account.Shortage())
	}
}
