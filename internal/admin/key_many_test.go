package admin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// changeAll makes a change in chunks of two keys.
func (o *office) changeAll(change admin.KeysChange) admin.KeysChanged {
	o.Helper()
	change.Filter.Limit = 2
	result, err := rationadmin.ChangeAllKeys(o.Context(), o.Service, actor, change)
	if err != nil {
		o.Fatal(err)
	}
	return result
}

// wantChanged compares counts; skipped is "revoked 1, pending 2".
func (o *office) wantChanged(got admin.KeysChanged, changed, unchanged int, skipped map[ration.Status]int) {
	o.Helper()
	if skipped == nil {
		skipped = map[ration.Status]int{}
	}
	got.NoLimit = 0 // has tests of its own
	if diff := cmp.Diff(admin.KeysChanged{Changed: changed, Unchanged: unchanged, Skipped: skipped}, got); diff != "" {
		o.Errorf("what was changed (-want +got):\n%s", diff)
	}
}

// everything is all that is stored about keys, by key.
func (o *office) everything() map[string]any {
	o.Helper()
	records, err := o.ListKeys(o.Context(), admin.KeyFilter{})
	if err != nil {
		o.Fatal(err)
	}
	all := make(map[string]any)
	for _, record := range records.Keys {
		usage, _, err := o.store.KeyUsage(o.Context(), record.ID)
		if err != nil {
			o.Fatal(err)
		}
		record.NoLimit = nil // a pointer, which is another one each time
		all[record.ID.String()] = fmt.Sprintf("%+v %+v %s", record, usage, o.actions(record.ID.String()))
	}
	return all
}

// wantOnly fails if keys other than these have changed.
func (o *office) wantOnly(before map[string]any, changed ...admin.IssuedSecret) {
	o.Helper()
	for id, now := range o.everything() {
		meant := slices.ContainsFunc(changed, func(i admin.IssuedSecret) bool { return i.Key.ID.String() == id })
		if same := before[id] == now; same == meant {
			o.Errorf("key %s (meant: %t) was\n%v, now\n%v", id, meant, before[id], now)
		}
	}
}

func TestChangeOfManyKeysIsThatOfTheSelectedOnes(t *testing.T) {
	o := open(t)
	o.plan("free", "1/day")
	o.plan("pro", "5/day")
	var chosen []admin.IssuedSecret
	for range 5 {
		chosen = append(chosen, o.create(admin.NewKey{Plan: "free", Owner: "acme"}))
		o.create(admin.NewKey{Plan: "pro", Owner: "acme"})
		o.create(admin.NewKey{Plan: "free", Owner: "bob"})
		o.create(admin.NewKey{})
	}
	for _, issued := range chosen {
		o.wantCode(issued.Secret, ration.CodeOK)
		o.wantCode(issued.Secret, ration.CodeQuotaExceeded)
	}
	before := o.everything()
	o.set(noon.Add(time.Minute))
	toPro := admin.KeysChange{
		Filter: admin.KeyFilter{Plan: "free", Owner: "acme"}, Action: admin.ActionUpdate,
		Patch: admin.KeyPatch{Plan: new("pro"), Metadata: map[string]*string{"moved": new("yes")}},
	}
	dry := toPro
	dry.DryRun = true
	o.wantChanged(o.changeAll(dry), 5, 0, nil)
	o.wantOnly(before)
	o.wantChanged(o.changeAll(toPro), 5, 0, nil)
	o.wantOnly(before, chosen...)
	for _, issued := range chosen {
		o.wantCode(issued.Secret, ration.CodeOK)
		if got, want := o.actions(issued.Key.ID.String()), "key.create key.update"; got != want {
			t.Errorf("actions %q; want %q", got, want)
		}
		entry := o.audit(admin.AuditFilter{Target: issued.Key.ID.String()})[0]
		if want := `{"metadata.moved":{"new":"yes"},"plan":{"old":"free","new":"pro"}}`; string(entry.Details) != want || entry.Actor != actor {
			t.Errorf("audit entry %s by %s; want %s", entry.Details, entry.Actor, want)
		}
	}
	before = o.everything()
	o.wantChanged(o.changeAll(toPro), 0, 0, nil) // none is selected any more
	toPro.Filter = admin.KeyFilter{Owner: "acme"}
	o.wantChanged(o.changeAll(toPro), 5, 5, nil) // the five that were on pro get the metadata
	toPro.Filter, toPro.All = admin.KeyFilter{}, true
	o.wantChanged(o.changeAll(toPro), 10, 10, nil)
	o.wantChanged(o.changeAll(toPro), 0, 20, nil)
	for _, issued := range chosen {
		if now := o.everything()[issued.Key.ID.String()]; now != before[issued.Key.ID.String()] {
			t.Errorf("what was so already was written again:\n%v", now)
		}
	}
}

func TestStatusOfManyKeys(t *testing.T) {
	o := open(t)
	var all []admin.IssuedSecret
	for i := range 6 {
		all = append(all, o.create(admin.NewKey{Owner: "acme", Name: fmt.Sprint(i)}))
	}
	other := o.create(admin.NewKey{})
	change := func(action admin.KeyAction, filter admin.KeyFilter) admin.KeysChanged {
		return o.changeAll(admin.KeysChange{Filter: filter, Action: action})
	}
	acme := admin.KeyFilter{Owner: "acme"}
	o.wantChanged(change(admin.ActionRevoke, admin.KeyFilter{Owner: "acme", Name: "0"}), 1, 0, nil)
	before := o.everything()
	o.wantChanged(change(admin.ActionDisable, acme), 5, 0, map[ration.Status]int{ration.StatusRevoked: 1})
	o.wantOnly(before, all[1:]...)
	o.wantChanged(change(admin.ActionDisable, acme), 0, 5, map[ration.Status]int{ration.StatusRevoked: 1})
	o.wantCode(all[1].Secret, ration.CodeKeyDisabled)
	o.wantCode(all[0].Secret, ration.CodeKeyRevoked)
	o.wantChanged(change(admin.ActionEnable, admin.KeyFilter{Status: ration.StatusDisabled}), 5, 0, nil)
	o.wantCode(all[1].Secret, ration.CodeOK)
	o.wantChanged(change(admin.ActionRevoke, acme), 5, 1, nil)
	o.wantChanged(change(admin.ActionEnable, acme), 0, 0, map[ration.Status]int{ration.StatusRevoked: 6})
	o.wantCode(all[5].Secret, ration.CodeKeyRevoked)
	if got, want := o.actions(all[5].Key.ID.String()), "key.create key.disable key.enable key.revoke"; got != want {
		t.Errorf("actions %q; want %q", got, want)
	}
	o.wantCode(other.Secret, ration.CodeOK)
}

// TestClearingALimitOfManyKeys: one that a key does not have is no slip here.
func TestClearingALimitOfManyKeys(t *testing.T) {
	o := open(t)
	day := ration.LimitKey{Meter: "requests", Kind: "quota", Period: "day"}
	with := o.create(admin.NewKey{Overrides: []ration.Override{o.override("1/day", time.Time{}), o.override("9/hour", time.Time{})}})
	o.create(admin.NewKey{})
	o.wantChanged(o.changeAll(admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{ClearOverrides: []ration.LimitKey{day}}}), 1, 1, nil)
	record, err := o.store.Key(t.Context(), with.Key.ID)
	if err != nil || len(record.Overrides) != 1 || record.Overrides[0].Period != ration.PeriodHour {
		t.Errorf("overrides %v (%v); want that of the hour alone", record.Overrides, err)
	}
}

func TestChangeOfManyKeysRefuses(t *testing.T) {
	o := open(t)
	o.create(admin.NewKey{})
	free := admin.KeyFilter{Plan: "free"}
	for _, row := range []struct {
		name   string
		change admin.KeysChange
		field  string
	}{
		{"no filter", admin.KeysChange{Action: admin.ActionRevoke}, "filter"},
		{"a filter and all", admin.KeysChange{Filter: free, All: true, Action: admin.ActionRevoke}, "filter"},
		{"a page alone", admin.KeysChange{Filter: admin.KeyFilter{After: admin.KeyPosition{ID: ration.NewKeyID()}}, Action: admin.ActionRevoke}, "filter"},
		{"a search", admin.KeysChange{Filter: admin.KeyFilter{Plan: "free", Search: "ada"}, Action: admin.ActionRevoke}, "search"},
		{"an order", admin.KeysChange{Filter: admin.KeyFilter{Plan: "free", Sort: admin.SortByName}, Action: admin.ActionRevoke}, "sort"},
		{"unknown status", admin.KeysChange{Filter: admin.KeyFilter{Status: "gone"}, Action: admin.ActionRevoke}, "status"},
		{"no action", admin.KeysChange{All: true}, "action"},
		{"unknown action", admin.KeysChange{All: true, Action: "delete"}, "action"},
		{"a patch of a status", admin.KeysChange{All: true, Action: admin.ActionEnable, Patch: admin.KeyPatch{Plan: new("x")}}, "patch"},
		{"one name for all", admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Name: new("x")}}, "name"},
		{"a key's id", admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{ID: ration.NewKeyID()}}, "id"},
		{"a chunk that is too large", admin.KeysChange{Filter: admin.KeyFilter{Limit: 501}, All: true, Action: admin.ActionRevoke}, "keys"},
		{"bad input of a patch", admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{TimeZone: new("X")}}, "time_zone"},
		{"an end in the past", admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{ExpiresAt: new(noon.Add(-time.Hour))}}, "expires_at"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := o.everything()
			for _, row.change.DryRun = range []bool{true, false} {
				_, err := o.ChangeKeys(t.Context(), actor, row.change)
				wantInvalid(t, err, row.field)
			}
			o.wantOnly(before)
		})
	}
	_, err := o.ChangeKeys(t.Context(), "", admin.KeysChange{All: true, Action: admin.ActionRevoke})
	wantInvalid(t, err, "actor")
	for _, dry := range []bool{true, false} {
		_, err := o.ChangeKeys(t.Context(), actor, admin.KeysChange{All: true, DryRun: dry, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Plan: new("none")}})
		wantError(t, err, ration.ErrNotFound, `plan "none"`)
	}
}

// TestErrorAtOneOfManyKeysNamesIt: and nothing of its chunk is changed.
func TestErrorAtOneOfManyKeysNamesIt(t *testing.T) {
	o := open(t)
	full := make(map[string]string)
	for i := range 50 {
		full[fmt.Sprint(i)] = "x"
	}
	o.create(admin.NewKey{})
	guilty := o.create(admin.NewKey{Metadata: full})
	before := o.everything()
	change := admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Metadata: map[string]*string{"more": new("y")}}}
	for _, change.DryRun = range []bool{true, false} {
		_, err := o.ChangeKeys(t.Context(), actor, change)
		wantInvalid(t, err, "metadata")
		if !strings.Contains(err.Error(), guilty.Key.ID.String()) {
			t.Errorf("error %v; want it to name %s", err, guilty.Key.ID)
		}
	}
	o.wantOnly(before)
}

// failing stops working after a number of chunks.
type failing struct {
	admin.Store
	left int
}

func (f *failing) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) ([]admin.KeyRecord, error) {
	if f.left--; f.left < 0 {
		return nil, ration.ErrStoreUnavailable
	}
	return f.Store.UpdateKeys(ctx, ids, update)
}

// TestChangeOfManyKeysGoesOnAfterAnError: what was done stays done and is told,
// and the same change again does the rest.
func TestChangeOfManyKeysGoesOnAfterAnError(t *testing.T) {
	o := open(t)
	for range 7 {
		o.create(admin.NewKey{Owner: "acme"})
	}
	change := admin.KeysChange{Filter: admin.KeyFilter{Owner: "acme", Limit: 2}, Action: admin.ActionDisable}
	short := admin.New(&failing{Store: o.store, left: 2}, admin.Config{})
	result, err := rationadmin.ChangeAllKeys(t.Context(), short, actor, change)
	wantError(t, err, ration.ErrStoreUnavailable, "4 keys were changed before this; run the same change again to go on")
	o.wantChanged(result, 4, 0, nil)
	o.wantChanged(o.changeAll(change), 3, 4, nil)
	result, err = rationadmin.ChangeAllKeys(t.Context(), admin.New(&failing{Store: o.store}, admin.Config{}), actor, change)
	if !errors.Is(err, ration.ErrStoreUnavailable) || strings.Contains(err.Error(), "were changed before") {
		t.Errorf("error %v; want it alone, as nothing was done", err)
	}
	o.wantChanged(result, 0, 0, nil)
}

// racing is a store in which somebody changes a key between the reading of a
// chunk and its lock, and whose transactions run twice.
type racing struct {
	admin.Store
	meanwhile func()
}

func (r *racing) UpdateKeys(ctx context.Context, ids []ration.KeyID, update func(*admin.KeyChange) error) ([]admin.KeyRecord, error) {
	r.meanwhile()
	givenUp := errors.New("given up")
	_, err := r.Store.UpdateKeys(ctx, ids, func(change *admin.KeyChange) error {
		if err := update(change); err != nil {
			return err
		}
		if change.Key.ID == ids[len(ids)-1] {
			return givenUp
		}
		return nil
	})
	if !errors.Is(err, givenUp) {
		return nil, fmt.Errorf("the first time ended with %w", err)
	}
	return r.Store.UpdateKeys(ctx, ids, update)
}

// TestManyKeysAreSelectedUnderTheirLock: a key that somebody has just moved
// away is left alone, and each key is counted once.
func TestManyKeysAreSelectedUnderTheirLock(t *testing.T) {
	o := open(t)
	o.plan("free")
	o.plan("enterprise")
	moved := o.create(admin.NewKey{Plan: "free"})
	o.create(admin.NewKey{Plan: "free"})
	store := &racing{Store: o.store, meanwhile: func() { o.update(admin.KeyPatch{ID: moved.Key.ID, Plan: new("enterprise")}) }}
	result, err := rationadmin.ChangeAllKeys(t.Context(), admin.New(store, admin.Config{}), actor, admin.KeysChange{Filter: admin.KeyFilter{Plan: "free"}, Action: admin.ActionRevoke})
	if err != nil {
		t.Fatal(err)
	}
	o.wantChanged(result, 1, 0, nil)
	o.wantCode(moved.Secret, ration.CodeOK)
}
