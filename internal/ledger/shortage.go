package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// Shortage says whether a charge was denied while open reservations held units of its
// limits.
type Shortage int

// The shortages. Of a batch's charges the greatest counts.
const (
	NotShort    Shortage = iota
	ShortDryRun          // only dry runs were denied, which end nothing
	Short
)

// Shortage says whether the store has to read the key's open reservations, and to
// decide all of the key's items again, with the account that WithOpen returns.
func (a *Account) Shortage() Shortage { return a.shortage }

// WithOpen returns the account as it was before its first item, but with the key's
// open reservations: all that are due, which expire if a charge was short, and the next
// HeldAtMost to expire, in the order of their expiry. Pass none for a key that was not
// short: the store may not have read the meters that they hold.
func (a *Account) WithOpen(open []ration.Reservation, now time.Time, shortage Shortage) *Account {
	again := NewAccount(a.policy, a.before)
	again.logging, again.units = a.logging, a.units
	again.telling, again.thresholds, again.now = a.telling, a.thresholds, now
	if a.leases != nil {
		again.leaseWork().takeOver(a.leases.read, a.policy.Key.ID) // before counts them already
	}
	if a.prior != nil {
		again.TakePrior(a.prior.read)
	}
	work := again.work()
	work.opened = true
	var later []*ration.Reservation
	for i := range open {
		if work.reservations[open[i].ID] == nil {
			work.reservations[open[i].ID] = clone(&open[i])
		}
		switch r := work.reservations[open[i].ID]; {
		case r.State != ration.ReservationOpen:
		case !r.DueAt(now):
			later = append(later, r)
		case shortage == Short:
			again.expire(r, now)
		default:
			work.due = append(work.due, r)
		}
	}
	again.policy.Holds = newHolds(later)
	return again
}

// dryRunUsage returns the usage that a dry run sees: what is due has expired.
func (a *Account) dryRunUsage() Usage {
	if a.prior == nil || len(a.prior.due) == 0 {
		return a.after
	}
	usage := a.after.Clone()
	for _, r := range a.prior.due {
		usage.expire(r)
	}
	return usage
}

// noteShortage notes a denial for which reservations may be the reason, or part of what
// has to be waited for: of a quota that refused or, after a temporary limit or lift, of
// any that is to come.
func (a *Account) noteShortage(charge *ration.Charge, decision *ration.Decision, clock Clock) {
	if clock.Suspect || a.prior != nil && a.prior.opened || !a.isShort(charge, decision) {
		return
	}
	shortage := Short
	if decision.DryRun {
		shortage = ShortDryRun
	}
	a.shortage = max(a.shortage, shortage)
}

func (a *Account) isShort(charge *ration.Charge, decision *ration.Decision) bool {
	refused := false
	for i := range decision.Limits {
		status := &decision.Limits[i]
		refused = refused || status.Exceeded
		if status.Exceeded && status.Kind == ration.KindQuota && status.Reserved > 0 {
			return true
		}
	}
	return refused && a.policy.changes && slices.ContainsFunc(charge.Amounts, func(amount ration.Amount) bool {
		return a.after.meterOrUnused(amount.Meter).Reserved > 0
	})
}
