package sqlite

import (
	"fmt"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storedjson"
)

const (
	// mostParts bounds what is remembered of keys, to some 20,000 that are like most. A
	// part has at most some hundreds of bytes.
	mostParts = 160_000
	// mostNames bounds what is remembered of tokens, and of meters.
	mostNames = 1_000
)

// memory is what the writer remembers of recent keys, tokens and meters, so that a batch
// does not read again what an earlier one has read or written. It is used only within a
// transaction, in which nobody else can write, and holds what that transaction would
// read. It forgets all
//
//   - where another connection has written, which SQLite tells ("PRAGMA data_version");
//   - where a transaction of this connection has written something that is remembered, but
//     for charges, which keep it up to date;
//   - where a transaction did not end as it should: nobody knows what it has written.
type memory struct {
	sure    bool  // the last transaction ended as it should
	version int64 // of the file, as other connections have left it
	keys    map[ration.KeyID]*keyMemory
	recent  keyMemory // the root of a ring: the key that was used last comes next
	parts   int
	tokens  map[ration.Digest]validity
	units   map[string]meterUnit
}

// keyMemory is all that a decision about a key depends on.
type keyMemory struct {
	next, prev *keyMemory
	id         ration.KeyID
	policy     *ledger.Policy // nil: it changes by itself, and is made anew of its parts
	made       *policyParts
	usage      ledger.Usage
	parts      int
}

// policyParts is what a policy is made of.
type policyParts struct {
	key       ration.Key
	plans     ledger.Plans
	overrides []ration.Override
	secrets   []ration.SecretState
}

// validity is until when a token is valid.
type validity struct{ expiresAt, revokedAt time.Time }

// meterUnit is the unit of a meter, if it was given one.
type meterUnit struct {
	unit  ration.Unit
	given bool
}

// begin begins a transaction, which sees the file in a version. It reports whether
// nothing was forgotten. Without end, the next one forgets.
func (m *memory) begin(version int64) (kept bool) {
	kept = m.sure && version == m.version
	if !kept {
		m.forget()
	}
	m.version, m.sure = version, false
	return kept
}

// end ends a transaction of which the outcome is known, and which has changed something
// that may be remembered, or nothing.
func (m *memory) end(changed change) {
	switch {
	case changed&changesAny != 0:
		return // and so the next one forgets, and looks at the tables again
	case changed&changesTokens != 0:
		m.tokens = nil
	}
	m.sure = true
}

func (m *memory) forget() { *m = memory{} }

// account returns the account of a key, or nil if the key is not remembered.
func (m *memory) account(id ration.KeyID, now time.Time) (*ledger.Account, error) {
	k := m.keys[id]
	if k == nil {
		return nil, nil
	}
	k.unlink()
	m.link(k)
	policy, err := k.policyAt(now)
	if err != nil {
		return nil, err
	}
	return ledger.NewAccount(policy, k.usage), nil
}

func (k *keyMemory) policyAt(now time.Time) (ledger.Policy, error) {
	if k.policy != nil {
		return *k.policy, nil
	}
	return k.made.policyAt(now)
}

func (p *policyParts) policyAt(now time.Time) (ledger.Policy, error) {
	policy, err := ledger.NewPolicy(p.key, p.plans, p.overrides, p.secrets, now)
	if err != nil {
		return policy, fmt.Errorf("reading the policy of %s: %w", p.key.ID, err)
	}
	return policy, nil
}

// add remembers a key that was read.
func (m *memory) add(parts *policyParts, policy *ledger.Policy, usage ledger.Usage) {
	k := &keyMemory{
		id: parts.key.ID, usage: usage,
		parts: 3 + len(policy.Limits) + len(parts.overrides) + len(parts.secrets) + len(parts.key.Scopes) + len(parts.key.AllowedIPs),
	}
	if policy.Lasts() {
		k.policy = policy
	} else {
		k.made = parts
		k.parts += len(parts.plans.Now.Limits) + len(parts.plans.Now.Next) + len(parts.plans.Next.Limits) + len(parts.plans.Next.Next)
	}
	if m.keys == nil {
		m.keys = make(map[ration.KeyID]*keyMemory)
		m.recent.next, m.recent.prev = &m.recent, &m.recent
	}
	m.keys[k.id] = k
	m.link(k)
	m.parts += k.parts + len(usage)
	m.makeRoom()
}

func (m *memory) makeRoom() {
	for m.parts > mostParts {
		m.drop(m.recent.prev)
	}
}

func (m *memory) drop(k *keyMemory) {
	k.unlink()
	delete(m.keys, k.id)
	m.parts -= k.parts + len(k.usage)
}

func (m *memory) link(k *keyMemory) {
	k.prev, k.next = &m.recent, m.recent.next
	k.prev.next, k.next.prev = k, k
}

func (k *keyMemory) unlink() { k.prev.next, k.next.prev = k.next, k.prev }

// note remembers what was written of an account.
func (m *memory) note(id ration.KeyID, account *ledger.Account, now time.Time) {
	k := m.keys[id]
	if k == nil {
		return
	}
	m.parts -= len(k.usage)
	k.usage = account.Kept()
	m.parts += len(k.usage)
	for i := range k.usage {
		if err := asRead(&k.usage[i]); err != nil {
			m.drop(k)
			return
		}
	}
	secrets := k.secrets()
	for _, used := range account.SecretsUsed() {
		if i := slices.IndexFunc(secrets, func(s ration.SecretState) bool { return s.ID == used }); i >= 0 {
			secrets[i].LastUsedAt = now
		}
	}
	m.makeRoom()
}

func (k *keyMemory) secrets() []ration.SecretState {
	if k.policy != nil {
		return k.policy.Secrets
	}
	return k.made.secrets
}

// asRead makes usage what is read where it was written.
func asRead(usage *ledger.MeterUsage) (err error) {
	usage.FirstRequestAt, usage.LastRequestAt = readAgain(usage.FirstRequestAt), readAgain(usage.LastRequestAt)
	for i := range usage.Windows {
		usage.Windows[i].EndsAt = readAgain(usage.Windows[i].EndsAt)
	}
	for i := range usage.Rates {
		usage.Rates[i].TAT = readAgain(usage.Rates[i].TAT)
	}
	if usage.Resets.Epoch == 0 && len(usage.Shifted) == 0 {
		return nil
	}
	if usage.Resets, err = storedjson.ReadResets([]byte(storedjson.Resets(&usage.Resets))); err == nil {
		usage.Shifted, err = storedjson.ReadShifted([]byte(storedjson.Shifted(usage.Shifted)))
	}
	return err
}

// readAgain returns an instant as it is read where it was written.
func readAgain(t time.Time) time.Time { return timeOf(micros(t)) }

func (m *memory) addToken(digest ration.Digest, token validity) {
	if m.tokens == nil || len(m.tokens) >= mostNames {
		m.tokens = make(map[ration.Digest]validity)
	}
	m.tokens[digest] = token
}

func (m *memory) addUnit(meter string, unit meterUnit) {
	if m.units == nil || len(m.units) >= mostNames {
		m.units = make(map[string]meterUnit)
	}
	m.units[meter] = unit
}
