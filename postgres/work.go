package postgres

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// maxClockDifference is how far the clocks of database and instance may be
// apart before no period may begin.
const maxClockDifference = 10 * time.Minute

// work is one batch on its way through attempts.
type work struct {
	id      uuid.UUID
	items   []ration.Item
	keys    []keyWork // by id
	keyOf   []int32   // item → index of its key
	meters  []string  // those that charges name besides requests
	named   []string  // those that any item names besides requests
	units   ledger.Units
	tokens  ledger.Tokens
	plain   bool  // charges of requests and nothing else, as nearly all are
	dryRun  bool  // all of it
	refers  bool  // an item refers to an earlier charge
	logging bool  // the request log is written
	tells   []int // thresholds of limits

	firstAttemptAt time.Time         // by the server's own clock
	sent           []ration.Decision // by the last attempt whose COMMIT was sent, if that may have been committed
	lost           bool              // the answer to a COMMIT was, of some attempt
	found          bool              // that attempt was found committed
	recalled       string            // of which server something is remembered
	isRemembered   bool              // once it is committed
	changed        bool              // something was not as it was remembered, and the batch was sent again
	clock          estimate          // of its clock
	transaction    xid               // of the last attempt, as the rows have it that it wrote; 0: none
	faults         int               // transient ones
	reconnects     int
}

// keyWork is one key of a batch: what was read of it and what is to be written.
type keyWork struct {
	id        ration.KeyID
	sent      []ration.SecretID // distinct secrets of its items
	meters    bool              // an item names another meter than requests
	stuckOn   xid               // the transaction that keeps it; 0: none. If there is one, the key is taken only if it is free
	heldBy    xid               // the last that locked it, where it was not to be waited for
	locked    bool
	exists    bool
	policy    ration.Key
	overrides []ration.Override
	secrets   []ration.SecretState
	usage     ledger.Usage
	rows      []xid // versions of the rows of usage
	versions  versions

	overrideRows []xid // versions of the rows of overrides

	leases  []ledger.SlotLease
	account *ledger.Account
	prior   *keyPrior // nil: no item refers to an earlier charge

	was        *remembered    // nil: nothing
	will       *remembered    // what is to be remembered, once the batch is committed; nil: nothing
	policyRead *ledger.Policy // nil: it was not read
	untouched  bool           // nothing of it was changed
	counts     bool           // its row of requests was added to, and nothing else of it was changed
}

func newWork(batch ration.Batch) *work {
	b := &work{id: batch.ID, items: batch.Items, keyOf: make([]int32, len(batch.Items)), dryRun: true, plain: true}
	order := make([]int32, len(batch.Items))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		return compareKeys(batch.Items[i].KeyID, batch.Items[j].KeyID)
	})
	b.keys = make([]keyWork, 0, min(len(order), 256))
	for _, i := range order {
		item := &batch.Items[i]
		if last := len(b.keys) - 1; last < 0 || b.keys[last].id != item.KeyID {
			b.keys = append(b.keys, keyWork{id: item.KeyID})
		}
		b.keyOf[i] = int32(len(b.keys) - 1)
		k := &b.keys[len(b.keys)-1]
		k.noteSecret(item.SecretID)
		b.noteReference(k, item)
		b.noteNamed(item)
		if item.Charge != nil {
			b.noteMeters(k, item.Charge)
		}
		b.dryRun = b.dryRun && item.IsDryRun()
		b.plain = b.plain && item.Charge != nil && !item.IsDryRun()
	}
	b.plain = b.plain && !b.refers && len(b.named) == 0
	if b.refers {
		b.compactReferences()
	}
	b.tokens = ledger.TokensOf(batch.Items)
	return b
}

// compareKeys orders ids as PostgreSQL orders them.
func compareKeys(a, b ration.KeyID) int { return bytes.Compare(a[:], b[:]) }

func (k *keyWork) noteSecret(id ration.SecretID) {
	if id != (ration.SecretID{}) && !slices.Contains(k.sent, id) {
		k.sent = append(k.sent, id)
	}
}

func (b *work) noteMeters(k *keyWork, charge *ration.Charge) {
	k.meters = k.meters || len(charge.Amounts) > 1
	for _, amount := range charge.Amounts {
		if amount.Meter != ration.MeterRequests && !slices.Contains(b.meters, amount.Meter) {
			b.meters = append(b.meters, amount.Meter)
		}
	}
}

// reset forgets what an earlier attempt read.
func (b *work) reset() {
	b.units, b.tokens = nil, ledger.TokensOf(b.items)
	for i := range b.keys {
		k := &b.keys[i]
		*k = keyWork{
			id: k.id, sent: k.sent, meters: k.meters, stuckOn: k.stuckOn, prior: k.prior,
			overrides: k.overrides[:0], secrets: k.secrets[:0], usage: k.usage[:0], rows: k.rows[:0], leases: k.leases[:0], was: k.was,
		}
		if k.prior != nil {
			k.prior.read = ledger.Prior{}
		}
	}
}

// key returns the work on a key, or nil if it is not in the batch.
func (b *work) key(id ration.KeyID) *keyWork {
	// Not slices.BinarySearchFunc, which would copy every key that it looks at.
	i := sort.Search(len(b.keys), func(i int) bool { return compareKeys(b.keys[i].id, id) >= 0 })
	if i == len(b.keys) || b.keys[i].id != id {
		return nil
	}
	return &b.keys[i]
}

// takeUsage takes in a row of key_usage.
func (b *work) takeUsage(r *row) {
	id, usage := r.usage()
	k := b.key(id)
	if k == nil {
		return
	}
	k.locked = k.locked || usage.Meter == ration.MeterRequests
	k.usage, k.rows = append(k.usage, usage), append(k.rows, r.xid())
}

// takeUnreadUsage is takeUsage for rows some of which may have been read before.
func (b *work) takeUnreadUsage(r *row) {
	id, usage := r.usage()
	if k := b.key(id); k != nil && k.usage.Meter(usage.Meter) == nil {
		k.usage, k.rows = append(k.usage, usage), append(k.rows, r.xid())
	}
}

// open puts the accounts of all keys together.
func (b *work) open(l *loaded, clock ledger.Clock) error {
	for i := range b.keys {
		if err := b.openKey(&b.keys[i], l, clock); err != nil {
			return &clientError{fmt.Errorf("key %s: %w", b.keys[i].id, err)}
		}
	}
	return nil
}

// decide decides the items in their order.
func (b *work) decide(clock ledger.Clock) []ration.Decision {
	decisions := make([]ration.Decision, len(b.items))
	for i := range b.items {
		item, k := &b.items[i], &b.keys[b.keyOf[i]]
		refusal, refused := b.tokens.Refuse(item, clock)
		switch {
		case refused:
			decisions[i] = refusal
		case k.account != nil:
			decisions[i] = k.account.Decide(item, clock)
		case k.exists: // and locked by somebody who does not let go
			decisions[i] = ration.Decision{Code: ration.CodeStoreUnavailable, KeyID: k.id, DecidedAt: clock.Now, DryRun: item.IsDryRun()}
		default:
			decisions[i] = ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: clock.Now, DryRun: item.IsDryRun()}
		}
	}
	return decisions
}

// openKey puts the key's account together if its row is locked.
func (b *work) openKey(k *keyWork, l *loaded, clock ledger.Clock) error {
	if !k.locked || !k.exists {
		return nil
	}
	var plans ledger.Plans // a plan that is missing, which a foreign key forbids, has no policy
	if found := l.plans[k.policy.Plan]; found != nil {
		plans.Now = *found
	}
	if found := l.plans[k.policy.NextPlan]; found != nil {
		plans.Next = *found
	}
	policy, err := ledger.NewPolicy(k.policy, plans, k.overrides, k.secrets, clock.Now)
	if err != nil {
		return err
	}
	k.policyRead = &policy
	k.versions.plan, k.versions.overrides = l.planVersion(k.policy.Plan), versionOf(k.overrideRows)
	k.account = ledger.NewAccount(policy, k.usage)
	if b.logging {
		k.account.Log()
	}
	k.account.Tell(b.tells)
	if k.prior != nil {
		k.account.TakePrior(k.prior.read)
	}
	k.account.TakeLeases(k.leases, clock)
	k.account.TakeUnits(b.units)
	return nil
}
