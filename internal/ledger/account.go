package ledger

import (
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// secretUseInterval is the shortest time between two writes of a secret's last use.
const secretUseInterval = time.Minute

// Account is one key within one transaction of a store: its policy and usage as they
// were read under the key's lock, and what the items that were decided since have
// changed. It is not safe for concurrent use.
type Account struct {
	policy      Policy
	before      Usage
	after       Usage
	writes      []MeterWrite
	secretsUsed []ration.SecretID
	prior       *priorWork // nil where no charge refers to an earlier one
	shortage    Shortage
	logging     bool
	entries     []LogEntry
	leases      *leases // nil where the key has none
	units       Units
	now         time.Time // of the item that is being decided
	telling     bool
	thresholds  []int
	events      []Event
}

// NewAccount makes an account from what was read of a key. It takes ownership of
// usage.
func NewAccount(policy Policy, usage Usage) *Account {
	return &Account{policy: policy, before: usage, after: usage.Clone()}
}

// Decide decides an item of the account's key. It takes the items that it has decided
// before into account.
func (a *Account) Decide(item *ration.Item, clock Clock) ration.Decision {
	a.now = clock.Now
	switch {
	case item.End != nil:
		return a.end(item.End, clock)
	case item.Refund != nil:
		return a.refund(item.Refund, clock)
	case item.Leases != nil:
		return a.changeLeases(item.Leases, clock)
	}
	return a.charge(item, clock)
}

func (a *Account) charge(item *ration.Item, clock Clock) ration.Decision {
	charge, secret := a.inUnits(item.Charge), item.SecretID
	if (charge.Hold != nil || charge.Idempotency != nil) && !charge.DryRun {
		if decision, repeated := a.repeat(charge, secret, clock.Now); repeated {
			decision.Amounts = charge.Amounts
			return decision
		}
	}
	usage := a.after
	if charge.DryRun {
		usage = a.dryRunUsage()
	}
	decision, changes := Decide(&a.policy, usage, charge, secret, clock)
	a.after = a.after.Apply(changes)
	if a.logging {
		a.beginEntry(entryOf(charge, &decision))
	}
	for i := range changes.Meters {
		a.note(&changes.Meters[i], &changes)
	}
	if a.logging {
		a.endEntry()
	}
	switch {
	case !decision.Allowed():
		a.noteShortage(charge, &decision, clock)
	case !charge.DryRun:
		a.tellUse(&decision, &changes)
		a.noteSecret(secret, clock.Now)
		a.remember(charge, &decision, &changes)
		a.lease(item, &decision, &changes)
	}
	return decision
}

// Writes returns what has to be written, with one entry per changed meter. Call it
// once, after the last item.
func (a *Account) Writes() []MeterWrite {
	for i := range a.writes {
		write := &a.writes[i]
		after, before := a.after.meterOrUnused(write.Meter), a.before.meterOrUnused(write.Meter)
		write.Windows, write.Rates = after.Windows, after.Rates
		if after.Resets != before.Resets || !slices.Equal(after.Shifted, before.Shifted) {
			write.Resets, write.Shifted = &after.Resets, after.Shifted
		}
		if before.LastRequestAt.After(after.LastRequestAt) {
			write.LastRequestAt = after.LastRequestAt
		}
		write.Used, write.Reserved = after.Used-before.Used, after.Reserved-before.Reserved
		for w := range write.Windows {
			window := &write.Windows[w]
			if before.Windows[w].ID == window.ID {
				window.Used -= before.Windows[w].Used
				window.Reserved -= before.Windows[w].Reserved
			}
		}
		write.TurnHour(before.Counted)
		write.compare(a.before.Meter(write.Meter))
	}
	return a.writes
}

// Kept returns the key's usage as it is kept once Writes are written. Call it last, after
// Writes.
func (a *Account) Kept() Usage {
	kept := a.before
	for i := range a.writes {
		write := &a.writes[i]
		entry := kept.Meter(write.Meter)
		if entry == nil {
			kept = append(kept, MeterUsage{})
			entry = &kept[len(kept)-1]
		}
		counted := entry.Counted
		if counted.Hour != write.Counted.Hour {
			counted = HourCount{Hour: write.Counted.Hour}
		}
		*entry = *a.after.meterOrUnused(write.Meter)
		entry.Counted = counted.Count(write.Counted)
	}
	for i := range kept {
		kept[i].InFlight = 0 // leases say it
	}
	return kept
}

// SecretsUsed returns the secrets whose last use has to be written.
func (a *Account) SecretsUsed() []ration.SecretID { return a.secretsUsed }

// note adds what a charge changes on a meter to what will be written.
func (a *Account) note(change *MeterChange, changes *Changes) {
	if a.logging {
		a.logMeter(change.logMeter(changes.Held))
	}
	write := a.write(change.Meter)
	day := write.day(change.Day)
	if change.Denied > 0 {
		day.Denied += change.Denied
		write.Denied += change.Denied
		write.CountHour(HourCount{Hour: change.Hour, Denied: change.Denied})
		return
	}
	if changes.Held {
		write.Posted = true
	} else {
		day.Used += change.Units
		write.CountHour(HourCount{Hour: change.Hour, Used: change.Units})
	}
	day.LastRequestAt = changes.At
	write.LastRequestAt = changes.At
	if write.FirstRequestAt.IsZero() {
		write.FirstRequestAt = changes.At
	}
}

func (a *Account) write(meter string) *MeterWrite {
	for i := range a.writes {
		if a.writes[i].Meter == meter {
			return &a.writes[i]
		}
	}
	a.writes = append(a.writes, MeterWrite{Meter: meter})
	return &a.writes[len(a.writes)-1]
}

func (a *Account) noteSecret(id ration.SecretID, now time.Time) {
	for i := range a.policy.Secrets {
		secret := &a.policy.Secrets[i]
		if secret.ID == id && now.Sub(secret.LastUsedAt) >= secretUseInterval && !slices.Contains(a.secretsUsed, id) {
			a.secretsUsed = append(a.secretsUsed, id)
		}
	}
}
