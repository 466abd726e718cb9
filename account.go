package ration

import "time"

// secretUseInterval is how often, at most, the last use of a secret is written.
const secretUseInterval = time.Minute

// Account is one key within one transaction of a store: its policy and usage as
// read under the key's lock, and what the charges decided since have changed.
// It is not safe for concurrent use.
type Account struct {
	policy      Policy
	before      Usage
	after       Usage
	writes      []MeterWrite
	secretsUsed []SecretID
}

// MeterWrite is what a batch changes on one meter of a key: amounts to add, so
// that a wrong rule could break a decision but never a count, and the state of
// the running periods.
type MeterWrite struct {
	Meter          string
	Used           int64     // units to add: to the lifetime count and to Day's history
	Denied         int64     // charges to add, likewise
	FirstRequestAt time.Time // to set where there is none; zero: nothing was admitted
	LastRequestAt  time.Time // to set; zero: nothing was admitted
	Day            Label     // whose history it belongs to
	// Windows to set Label and EndsAt of. Used is to be added where the row has
	// the same label, and to be set where it has another.
	Windows [len(WindowPeriods)]Window
	Rates   [len(RatePeriods)]RateState // to set, also where nothing was admitted
}

// NewAccount starts from what was read. It takes over usage.
func NewAccount(policy Policy, usage Usage) *Account {
	return &Account{policy: policy, before: usage, after: usage.Clone()}
}

// Charge decides a charge after all that the account has decided so far.
func (a *Account) Charge(charge *Charge, clock Clock) Decision {
	decision, changes := Decide(&a.policy, a.after, charge, clock)
	a.after = a.after.Apply(changes)
	for i := range changes.Meters {
		a.note(&changes.Meters[i], changes.At)
	}
	if decision.Allowed() && !charge.DryRun {
		a.noteSecret(charge.SecretID, clock.Now)
	}
	return decision
}

// Writes returns what is to be written, one entry per meter that a charge
// changed. Call it once, after the last charge.
func (a *Account) Writes() []MeterWrite {
	for i := range a.writes {
		write := &a.writes[i]
		after := a.after.Meter(write.Meter)
		write.Windows, write.Rates = after.Windows, after.Rates
		before := a.before.Meter(write.Meter)
		for w := range write.Windows {
			if before != nil && before.Windows[w].Label == write.Windows[w].Label {
				write.Windows[w].Used -= before.Windows[w].Used
			}
		}
	}
	return a.writes
}

// SecretsUsed returns the secrets whose last use is to be written.
func (a *Account) SecretsUsed() []SecretID { return a.secretsUsed }

func (a *Account) note(change *MeterChange, at time.Time) {
	write := a.write(change.Meter)
	write.Day = change.Day
	write.Denied += change.Denied
	if change.Denied > 0 {
		return
	}
	write.Used += change.Units
	write.LastRequestAt = at
	if write.FirstRequestAt.IsZero() {
		write.FirstRequestAt = at
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

// noteSecret marks the secret's use in the policy as well, so that one batch
// writes it once.
func (a *Account) noteSecret(id SecretID, now time.Time) {
	for i := range a.policy.Secrets {
		secret := &a.policy.Secrets[i]
		if secret.ID == id && now.Sub(secret.LastUsedAt) >= secretUseInterval {
			secret.LastUsedAt = now
			a.secretsUsed = append(a.secretsUsed, id)
		}
	}
}
