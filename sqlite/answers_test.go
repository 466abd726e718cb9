package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// answers are what the clients of a store were told. They outlive the store and
// say whether the next one to open the file keeps every word.
type answers struct {
	mu       sync.Mutex
	accounts []*account
	audited  int // acknowledged changes, each of which has an entry in the audit log
	lies     []string
}

// account is what was told of a key.
type account struct {
	key               ration.KeyID
	admitted, unknown int64
	limit             int64 // 0: none
	revoked, revoking bool  // acknowledged; begun
}

// tightPlan is the plan of every third key.
const (
	tightPlan  = "tight"
	tightLimit = 25
)

// pick returns an account, nil if there is none.
func (l *answers) pick(random *rand.Rand) *account {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.accounts) == 0 {
		return nil
	}
	return l.accounts[random.IntN(len(l.accounts))]
}

// charge charges up to eight requests at once and notes the answers. It returns
// the store's error.
func (l *answers) charge(ctx context.Context, store *sqlite.Store, random *rand.Rand) error {
	var items []testbatch.Item
	var charged []*account
	for range 1 + random.IntN(8) {
		account := l.pick(random)
		item, err := testbatch.Item{Charge: ration.Charge{KeyID: account.key}}.Normalize()
		if err != nil {
			return err
		}
		charged, items = append(charged, account), append(items, item)
	}
	decisions, err := store.Charge(ctx, testbatch.AsIs(items...))
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, account := range charged {
		switch {
		case errors.Is(err, ration.ErrOutcomeUnknown):
			account.unknown++
		case err == nil && decisions[i].Code == ration.CodeOK:
			account.admitted++
		}
	}
	return l.known(err)
}

// known returns the error and notes one that callers don't know.
func (l *answers) known(err error) error {
	if err != nil && !errors.Is(err, ration.ErrOutcomeUnknown) && !errors.Is(err, ration.ErrStoreUnavailable) {
		l.lies = append(l.lies, fmt.Sprintf("an error that callers don't know: %v", err))
	}
	return err
}

// createPlan creates the plan of tight keys, unless an earlier store did.
func (l *answers) createPlan(ctx context.Context, store *sqlite.Store) error {
	_, err := store.CreatePlan(ctx, func(change *admin.PlanChange) error {
		limit, err := ration.ParseLimit(fmt.Sprintf("%d/lifetime", tightLimit))
		change.Plan = ration.Plan{Name: tightPlan, Limits: []ration.Limit{limit}, CreatedAt: change.Now, UpdatedAt: change.Now}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "plan.create", Target: "plan:" + tightPlan}
		return err
	})
	if errors.Is(err, ration.ErrExists) {
		return nil
	}
	return l.acknowledge(err)
}

// createKey creates a key.
func (l *answers) createKey(ctx context.Context, store *sqlite.Store) error {
	l.mu.Lock()
	tight := len(l.accounts)%3 == 2
	l.mu.Unlock()
	plan, limit := "", int64(0)
	if tight {
		plan, limit = tightPlan, tightLimit
	}
	record, err := store.CreateKey(ctx, newKey(plan))
	if err := l.acknowledge(err); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts = append(l.accounts, &account{key: record.ID, limit: limit})
	return nil
}

// revoke revokes a key for good.
func (l *answers) revoke(ctx context.Context, store *sqlite.Store, account *account) error {
	l.mu.Lock()
	account.revoking = true
	l.mu.Unlock()
	_, err := store.UpdateKey(ctx, account.key, func(change *admin.KeyChange) error {
		change.Key.Status = ration.StatusRevoked
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.revoke", Target: account.key.String()}
		return nil
	})
	if err := l.acknowledge(err); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	account.revoked = true
	return nil
}

func (l *answers) acknowledge(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.audited++
	}
	return l.known(err)
}

// judge compares a store with what was told of the ones before it on the file,
// and returns what differs. Then what is recorded counts as told.
func (l *answers) judge(ctx context.Context, store *sqlite.Store) []string {
	faults := l.lies
	l.lies = nil
	fault := func(format string, values ...any) { faults = append(faults, fmt.Sprintf(format, values...)) }
	if found, err := store.Rows(ctx, "PRAGMA integrity_check"); err != nil || !slices.Equal(found, []string{"ok"}) {
		fault("integrity: %q, %v", found, err)
	}
	entries, err := store.ListAudit(ctx, admin.AuditFilter{Limit: 10_000})
	if err != nil || len(entries) < l.audited {
		fault("lost: %d entries in the audit log of %d acknowledged changes, %v", len(entries), l.audited, err)
	}
	l.audited = len(entries)
	kept := l.accounts[:0]
	for _, account := range l.accounts {
		if err := account.judge(ctx, store, fault); err != nil {
			fault("lost: key %s: %v", account.key, err)
			continue
		}
		kept = append(kept, account)
	}
	l.accounts = kept
	return faults
}

// judge returns an error if the store doesn't know the key.
func (a *account) judge(ctx context.Context, store *sqlite.Store, fault func(string, ...any)) error {
	record, err := store.Key(ctx, a.key)
	if err != nil {
		return err
	}
	revoked := record.Status == ration.StatusRevoked
	if a.revoked && !revoked || revoked && !a.revoking {
		fault("lost: status %s of a key: revoked %t, revoking %t", record.Status, a.revoked, a.revoking)
	}
	a.revoked = revoked
	usage, _, err := store.KeyUsage(ctx, a.key)
	if err != nil {
		return err
	}
	recorded := usage[0].Used
	days, err := store.UsageDays(ctx, admin.UsageFilter{KeyID: a.key})
	if err != nil {
		return err
	}
	var inDays int64
	for _, day := range days {
		inDays += day.Used
	}
	switch {
	case recorded < a.admitted:
		fault("lost: %d admitted and %d recorded", a.admitted, recorded)
	case recorded > a.admitted+a.unknown:
		fault("%d admitted, %d unknown and %d recorded", a.admitted, a.unknown, recorded)
	}
	if a.limit > 0 && recorded > a.limit {
		fault("%d recorded of a limit of %d", recorded, a.limit)
	}
	if inDays != recorded {
		fault("%d recorded, and %d in the history", recorded, inDays)
	}
	a.admitted, a.unknown = recorded, 0
	return nil
}
