package storetest

import (
	"errors"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// newKeys returns so many keys with a secret each, whose ids are in no order.
func (f *fixture) newKeys(count int, plan string) []admin.KeyChange {
	changes := make([]admin.KeyChange, count)
	for i := range changes {
		id := ration.KeyID(uuid.New())
		changes[i].Key.Key = ration.Key{ID: id, Name: "together", Plan: plan, Status: ration.StatusDisabled}
		changes[i].NewSecrets = []admin.NewSecret{newSecret("only", f.now)}
		changes[i].Audit = entry("key.import", id.String())
	}
	return changes
}

// createKeys creates the keys in one transaction.
func (f *fixture) createKeys(changes []admin.KeyChange) ([]admin.KeyRecord, error) {
	return f.Store.CreateKeys(f.Context(), len(changes), func(i int, change *admin.KeyChange) error {
		key := changes[i].Key
		key.CreatedAt, key.UpdatedAt = change.Now, change.Now
		change.Key, change.NewSecrets, change.Audit = key, changes[i].NewSecrets, changes[i].Audit
		return nil
	})
}

func digestsOf(changes []admin.KeyChange) []ration.Digest {
	digests := make([]ration.Digest, len(changes))
	for i := range changes {
		digests[i] = changes[i].NewSecrets[0].Digest
	}
	return digests
}

func testCreateMany(f *fixture) {
	changes := f.newKeys(7, f.plan("5/day").Name)
	records, err := f.createKeys(changes)
	if err != nil {
		f.Fatal(err)
	}
	var ids []ration.KeyID
	for _, change := range changes {
		ids = append(ids, change.Key.ID)
	}
	for i, id := range inOrder(f, ids) {
		f.want("key as returned", f.stored(id), records[i])
		if len(records[i].Secrets) != 1 || len(f.audit(admin.AuditFilter{Target: id.String()})) != 1 {
			f.Errorf("key %s has the secrets %v and the audit entries %v", id, records[i].Secrets, f.audit(admin.AuditFilter{Target: id.String()}))
		}
		if usage, _, err := f.Store.KeyUsage(f.Context(), id); err != nil || usage.Meter(ration.MeterRequests) == nil {
			f.Errorf("key %s has the usage %v, %v", id, usage, err)
		}
	}
	refs, err := f.Store.ResolveDigests(f.Context(), append(digestsOf(changes), ration.Digest{1}))
	if err != nil {
		f.Fatal(err)
	}
	for i := range changes {
		f.want("key of a digest", changes[i].Key.ID, refs[i].KeyID)
	}
	f.want("secret of an unknown digest", ration.SecretRef{}, refs[len(changes)])
}

func testCreateAllOrNone(f *fixture) {
	taken := f.newKeys(1, "")
	if _, err := f.createKeys(taken); err != nil {
		f.Fatal(err)
	}
	for name, row := range map[string]struct {
		spoil func(*admin.KeyChange)
		want  error
	}{
		"a plan that is unknown": {func(c *admin.KeyChange) { c.Key.Plan = "no-such-plan" }, ration.ErrNotFound},
		"a digest that is taken": {func(c *admin.KeyChange) { c.NewSecrets[0].Digest = taken[0].NewSecrets[0].Digest }, ration.ErrExists},
		"an id that is taken":    {func(c *admin.KeyChange) { c.Key.ID = taken[0].Key.ID }, ration.ErrExists},
	} {
		changes := f.newKeys(5, "")
		row.spoil(&changes[3])
		if _, err := f.createKeys(changes); !errors.Is(err, row.want) {
			f.Errorf("%s: got the error %v, want %v", name, err, row.want)
		}
		for i, change := range changes {
			if _, err := f.Store.Key(f.Context(), change.Key.ID); i != 3 && !errors.Is(err, ration.ErrNotFound) {
				f.Errorf("%s: key %d is there: %v", name, i, err)
			}
		}
		refs, err := f.Store.ResolveDigests(f.Context(), digestsOf(changes[:3]))
		f.want(name+": error of the digests", nil, err)
		f.want(name+": what the digests lead to", make([]ration.SecretRef, 3), refs)
	}
}

func testCreateTooMany(f *fixture) {
	changes := f.newKeys(admin.MaxKeysAtOnce+1, "")
	_, err := f.createKeys(changes)
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "keys" {
		f.Errorf("got the error %v, want one of the field keys", err)
	}
	refs, err := f.Store.ResolveDigests(f.Context(), digestsOf(changes))
	f.want("error of the digests", nil, err)
	f.want("what the digests lead to", make([]ration.SecretRef, len(changes)), refs)
}
