package admin_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

const actor = "cli:tester"

var noon = time.Date(2030, 6, 15, 12, 0, 0, 0, time.UTC)

// office is a service on a database file of its own, with a clock that a test sets.
type office struct {
	*admin.Service
	*testing.T
	store *sqlite.Store
	clock atomic.Pointer[time.Time] // which the last uses of tokens read in the background
}

func (o *office) now() time.Time { return *o.clock.Load() }

func (o *office) set(now time.Time) { o.clock.Store(&now) }

func open(t *testing.T) *office {
	t.Helper()
	o := &office{T: t}
	o.set(noon)
	store, err := sqlite.Open(t.Context(), sqlite.Config{
		Path: filepath.Join(t.TempDir(), "ration.db"), Clock: o.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	o.store, o.Service = store, admin.New(store, admin.Config{})
	return o
}

func (o *office) create(key admin.NewKey) admin.IssuedSecret {
	o.Helper()
	if key.Name == "" {
		key.Name = "a key"
	}
	issued, err := o.CreateKey(o.Context(), actor, key)
	if err != nil {
		o.Fatal(err)
	}
	return issued
}

func (o *office) plan(name string, limits ...string) ration.Plan {
	o.Helper()
	plan, err := o.CreatePlan(o.Context(), actor, admin.NewPlan{Name: name, Limits: o.limits(limits...)})
	if err != nil {
		o.Fatal(err)
	}
	return plan
}

func (o *office) limits(texts ...string) []ration.Limit {
	o.Helper()
	limits := make([]ration.Limit, len(texts))
	for i, text := range texts {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			o.Fatal(err)
		}
		limits[i] = limit
	}
	return limits
}

func (o *office) override(text string, until time.Time) ration.Override {
	o.Helper()
	override, err := admin.ParseOverride(text)
	if err != nil {
		o.Fatal(err)
	}
	override.ExpiresAt = until
	return override
}

func (o *office) update(patch admin.KeyPatch) admin.KeyRecord {
	o.Helper()
	record, err := o.UpdateKey(o.Context(), actor, patch)
	if err != nil {
		o.Fatal(err)
	}
	return record
}

// charge decides a charge with a secret, as an engine does.
func (o *office) charge(secret ration.Secret, amounts ...ration.Amount) ration.Decision {
	o.Helper()
	refs, err := o.store.ResolveDigests(o.Context(), []ration.Digest{secret.Digest(nil)})
	if err != nil {
		o.Fatal(err)
	}
	if refs[0].KeyID.IsZero() {
		return ration.Decision{Code: ration.CodeKeyUnknown}
	}
	item := testbatch.Item{Charge: ration.Charge{KeyID: refs[0].KeyID, Amounts: amounts}, SecretID: refs[0].SecretID}
	decisions, err := o.store.Charge(o.Context(), testbatch.Of(o, item))
	if err != nil {
		o.Fatal(err)
	}
	return decisions[0]
}

// wantCode fails unless a charge with the secret gets the code.
func (o *office) wantCode(secret ration.Secret, want ration.Code) {
	o.Helper()
	if got := o.charge(secret).Code; got != want {
		o.Errorf("the secret gets %q; want %q", got, want)
	}
}

func (o *office) audit(filter admin.AuditFilter) []admin.AuditEntry {
	o.Helper()
	entries, err := o.ListAudit(o.Context(), filter)
	if err != nil {
		o.Fatal(err)
	}
	return entries
}

// actions returns what was done to a target, the oldest first.
func (o *office) actions(target string) string {
	o.Helper()
	var actions []string
	for _, entry := range o.audit(admin.AuditFilter{Target: target}) {
		actions = append([]string{entry.Action}, actions...)
	}
	return strings.Join(actions, " ")
}

// wantInvalid fails unless the error names the field.
func wantInvalid(t *testing.T, err error, field string) {
	t.Helper()
	invalid, ok := errors.AsType[*ration.InvalidError](err)
	if !ok || invalid.Field != field {
		t.Errorf("error %v; want one about %q", err, field)
	}
}

func wantError(t *testing.T, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v; want %v with %q", err, want, text)
	}
}
