package storetest_test

import (
	"context"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/internal/storetest"
)

// memory is a store without a database: mu is the lock of every key, plansMu
// that of all that has no key. Who needs both takes mu first.
type memory struct {
	fault  fault        // what it does wrong, to see that the suite notices
	listed atomic.Int64 // rows of a list so far, of a fault

	jobsMu sync.Mutex // before mu
	jobs   map[uuid.UUID]*memoryJob

	mu      sync.Mutex
	waiting atomic.Int64 // charges that wait for mu

	clockMu     sync.Mutex // not mu: the clock turns while a change is under way
	now         time.Time
	instanceNow time.Time

	closed     bool
	crashing   crash
	remembered map[ration.KeyID]*admin.KeyRecord // by a fault
	counted    map[ration.KeyID]ledger.Usage     // likewise
	valid      map[ration.Digest]bool            // likewise
	keys       map[ration.KeyID]*admin.KeyRecord
	usage      map[ration.KeyID]ledger.Usage
	days       []admin.UsageDay
	daysSince  ration.PeriodID
	hours      map[hourOfKey]ledger.HourCount // those that no entry of usage counts
	digests    map[ration.Digest]ration.SecretRef

	traffic      map[trafficCell]int64
	trafficSince time.Time

	reservations []ration.Reservation
	replays      map[nameOfKey]ledger.Replay
	refunds      map[dayOfKey]int64
	refunded     map[periodOfKey]int64
	leases       map[ration.KeyID][]ledger.SlotLease

	plansMu sync.Mutex
	plans   map[string]ration.Plan
	meters  map[string]admin.Meter // of both locks: a change takes both
	tokens  []memoryToken
	audit   []admin.AuditEntry

	sessions []*memorySession // of plansMu, as tokens
	links    []memoryLink

	instances map[uuid.UUID]admin.ServingInstance
	asked     memoryAsked
	events    memoryEvents
	webhooks  []*memoryWebhook // in the order of their creation

	answersMu sync.Mutex // comes before all others
	answers   map[[32]byte]memoryAnswer
}

type memoryToken struct {
	admin.Token
	digest ration.Digest
}

var _ storetest.Store = (*memory)(nil)

func newMemory() *memory {
	return &memory{
		fault:   fault(os.Getenv(faultVariable)),
		keys:    map[ration.KeyID]*admin.KeyRecord{},
		usage:   map[ration.KeyID]ledger.Usage{},
		hours:   map[hourOfKey]ledger.HourCount{},
		digests: map[ration.Digest]ration.SecretRef{},
		plans:   map[string]ration.Plan{},
		meters:  map[string]admin.Meter{},
		replays: map[nameOfKey]ledger.Replay{},
		refunds: map[dayOfKey]int64{}, refunded: map[periodOfKey]int64{},
		leases: map[ration.KeyID][]ledger.SlotLease{}, answers: map[[32]byte]memoryAnswer{},

		jobs:       map[uuid.UUID]*memoryJob{},
		remembered: map[ration.KeyID]*admin.KeyRecord{},
		counted:    map[ration.KeyID]ledger.Usage{},
		valid:      map[ration.Digest]bool{},
		instances:  map[uuid.UUID]admin.ServingInstance{},
		events:     memoryEvents{marks: map[nameOfKey]bool{}, told: map[ration.KeyID]time.Time{}},
		asked:      memoryAsked{map[ration.KeyID]admin.KeyRequest{}, map[ration.Digest]admin.PickupLink{}},
	}
}

func (m *memory) setNow(now time.Time) {
	m.clockMu.Lock()
	defer m.clockMu.Unlock()
	m.now, m.instanceNow = now, now
}

func (m *memory) setInstanceNow(now time.Time) {
	m.clockMu.Lock()
	defer m.clockMu.Unlock()
	m.instanceNow = now
}

func (m *memory) clock() ledger.Clock {
	m.clockMu.Lock()
	defer m.clockMu.Unlock()
	return ledger.Clock{Now: m.now, Suspect: m.now.Sub(m.instanceNow).Abs() > 10*time.Minute}
}

// awaitLocked waits until a charge waits. It spins: what it waits for comes at once.
func (m *memory) awaitLocked(*testing.T) {
	for m.waiting.Load() == 0 {
		runtime.Gosched()
	}
}

func (m *memory) time() time.Time {
	m.clockMu.Lock()
	defer m.clockMu.Unlock()
	return m.now
}

func (m *memory) Ready(context.Context) error { return nil }
func (m *memory) Lanes() int                  { return 1 }

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

func (m *memory) ResolveDigests(_ context.Context, digests []ration.Digest) ([]ration.SecretRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	refs := make([]ration.SecretRef, len(digests))
	for i, digest := range digests {
		refs[i] = m.digests[digest]
	}
	return refs, nil
}

func (m *memory) Charge(_ context.Context, batch ration.Batch) ([]ration.Decision, error) {
	if err := checkStorable(batch.Items); err != nil && m.fault != storesHalfABatch {
		return nil, err
	}
	var early map[ration.KeyID]seen
	if m.fault == readsBeforeTheLock || m.fault == remembersKeys {
		early = m.read(batch)
	}
	held := m.readHolds()
	clock := m.clock()
	var tokens ledger.Tokens
	if m.fault == checksTokensEarly { // no other charge waits for the lock of tokens here
		tokens = m.tokensOf(batch.Items, clock.Now)
	}
	m.waiting.Add(1)
	m.mu.Lock()
	m.waiting.Add(-1)
	defer m.mu.Unlock()
	if m.closed {
		return nil, ration.ErrClosed
	}
	if m.crashing == crashBefore {
		return nil, ration.ErrOutcomeUnknown
	}
	if m.fault != timesBeforeTheLock {
		clock = m.clock()
	}
	if m.fault != checksTokensEarly {
		tokens = m.tokensOf(batch.Items, clock.Now)
	}
	decisions := make([]ration.Decision, len(batch.Items))
	accounts := map[ration.KeyID]*ledger.Account{}
	for i, item := range batch.Items {
		if m.fault == storesHalfABatch && checkStorable(batch.Items[i:i+1]) != nil {
			m.writeAll(accounts, clock.Now)
			return nil, errNotStorable
		}
		record := m.keys[item.KeyID]
		if refusal, refused := tokens.Refuse(&item, clock); refused {
			decisions[i] = refusal
			continue
		}
		if record == nil {
			decisions[i] = ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: clock.Now, DryRun: item.IsDryRun()}
			continue
		}
		if accounts[item.KeyID] == nil {
			account, err := m.account(record, early, clock.Now)
			if err != nil {
				return nil, err
			}
			accounts[item.KeyID] = account
			account.TakePrior(m.prior(record.ID, batch.Items, held))
			account.TakeLeases(m.leases[record.ID], clock)
			account.TakeUnits(m.units())
		}
		decisions[i] = m.decide(accounts[item.KeyID], item, clock)
	}
	m.decideAgain(accounts, batch, &tokens, clock, decisions)
	m.writeAll(m.afterCrash(accounts), clock.Now)
	if m.crashing == crashUnanswered {
		return nil, ration.ErrOutcomeUnknown
	}
	if m.fault == answersByKey {
		slices.SortStableFunc(decisions, func(a, b ration.Decision) int { return compareIDs(a.KeyID, b.KeyID) })
	}
	return decisions, nil
}

func (m *memory) decide(account *ledger.Account, item ration.Item, clock ledger.Clock) ration.Decision {
	dryRun := item.IsDryRun()
	if dryRun && m.fault == chargesDryRuns {
		charge := *item.Charge
		charge.DryRun = false
		item.Charge = &charge
	}
	if item.Refund != nil && m.fault == refundsToTheRunningDay {
		moved := *item.Refund
		moved.Postings = m.toRunning(item.KeyID, moved.Postings)
		item.Refund = &moved
	}
	decision := account.Decide(&item, clock)
	decision.DryRun = dryRun
	return decision
}

func (m *memory) writeAll(accounts map[ration.KeyID]*ledger.Account, now time.Time) {
	for id, account := range accounts {
		m.write(id, account, now)
	}
}

func (m *memory) account(record *admin.KeyRecord, early map[ration.KeyID]seen, now time.Time) (*ledger.Account, error) {
	state, found := early[record.ID]
	if !found {
		state = m.see(record)
	}
	if m.fault == forgetsChanges {
		state.record.UpdatedAt, state.plan.UpdatedAt = time.Time{}, time.Time{}
	}
	if m.fault == startsAtMidnightUTC && state.record.TimeZone != "" {
		for i := range state.plan.Next { // as if the key's day had ended when UTC's did
			if ends := state.plan.Next[i].Since.Truncate(24 * time.Hour).Add(24 * time.Hour); now.Before(ends) {
				state.plan.Next = nil
				break
			}
		}
	}
	policy, err := ledger.NewPolicy(state.record.Key, ledger.Plans{Now: state.plan, Next: m.nextPlan(&state.record)}, state.record.Overrides, state.record.Secrets, now)
	if err != nil {
		return nil, err
	}
	if counted, ok := m.counted[record.ID]; ok && m.fault == remembersUsage {
		state.usage = counted.Clone()
	}
	account := ledger.NewAccount(policy, state.usage)
	account.Tell(ledger.DefaultThresholds())
	return account, nil
}

func (m *memory) write(id ration.KeyID, account *ledger.Account, now time.Time) {
	for _, write := range account.Writes() {
		m.writeUsage(id, write)
		for _, day := range write.Days() {
			m.writeDay(id, write.Meter, day)
		}
	}
	m.tell(id, account)
	m.writePrior(id, account)
	m.writeLeases(id, account)
	for _, used := range account.SecretsUsed() {
		secrets := m.keys[id].Secrets
		i := slices.IndexFunc(secrets, func(s ration.SecretState) bool { return s.ID == used })
		secrets[i].LastUsedAt = now
	}
	m.counted[id] = account.Kept()
}

func (m *memory) writeUsage(id ration.KeyID, write ledger.MeterWrite) {
	usage := m.usage[id]
	entry := usage.Meter(write.Meter)
	if entry == nil {
		usage = append(usage, ledger.MeterUsage{Meter: write.Meter})
		slices.SortFunc(usage, func(a, b ledger.MeterUsage) int { return ration.CompareMeters(a.Meter, b.Meter) })
		entry = usage.Meter(write.Meter)
	}
	entry.Used += write.Used
	if m.fault != neverReleases || write.Reserved > 0 {
		entry.Reserved += write.Reserved
	}
	if m.fault != forgetsDenials {
		entry.Denied += write.Denied
	}
	entry.Rates = write.Rates
	if write.Resets != nil && m.fault != losesSetAside {
		entry.Resets, entry.Shifted = *write.Resets, write.Shifted
	}
	for i := range entry.Rates {
		if m.fault == forgetsQuantities {
			entry.Rates[i].Quantity = 0
		}
	}
	for i, window := range write.Windows {
		if entry.Windows[i].ID == window.ID && m.fault != overwritesCounts {
			window.Used += entry.Windows[i].Used
			window.Reserved += entry.Windows[i].Reserved
		}
		entry.Windows[i] = window
	}
	m.writeHours(id, entry, &write)
	if entry.FirstRequestAt.IsZero() {
		entry.FirstRequestAt = write.FirstRequestAt
	}
	if !write.LastRequestAt.IsZero() {
		entry.LastRequestAt = write.LastRequestAt
	}
	m.usage[id] = usage
}

func (m *memory) writeDay(id ration.KeyID, meter string, write ledger.DayWrite) {
	if m.fault == keepsHistoryInUTC {
		write.Date = ration.DateID(m.time().Date())
	}
	i := slices.IndexFunc(m.days, func(d admin.UsageDay) bool {
		return d.KeyID == id && d.Meter == meter && d.Date == write.Date
	})
	if i < 0 {
		key := m.keys[id]
		m.days = append(m.days, admin.UsageDay{KeyID: id, KeyName: key.Name, Owner: key.Owner, Meter: meter, Date: write.Date})
		i = len(m.days) - 1
	}
	day := &m.days[i]
	if m.fault == takesRefundsForUse {
		write.GivenBack = -write.GivenBack
	}
	day.Used = max(0, day.Used+write.Used-write.GivenBack)
	day.Denied += write.Denied
	if !write.LastRequestAt.IsZero() {
		day.LastRequestAt = write.LastRequestAt
	}
	if m.fault != countsNoRefunds {
		m.refunds[dayOfKey{id, write.Date}] += write.Refunds
	}
}
