package storetest

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var keyTests = []contractTest{
	{"a key comes back as it was stored", testKeyRoundTrip},
	{"a key with nothing set comes back so", testEmptyKey},
	{"hostile names are stored as they are", testHostileNames},
	{"an update writes what it leaves", testUpdateWrites},
	{"an update that changes nothing writes nothing", testUnchanged},
	{"what is missing or taken is told apart", testKeyErrors},
	{"a taken digest stays with its first key", testTakenDigest},
	{"keys are listed by what they are", testListKeys},
	{"keys are counted up to a bound", testCountKeys},
	{"a page begins after the last key of the one before", testKeyPages},
	{"changes of one key leave all others as they were", testOtherKeysUntouched},
}

// stored reads a key.
func (f *fixture) stored(id ration.KeyID) admin.KeyRecord {
	f.Helper()
	record, err := f.Store.Key(f.Context(), id)
	if err != nil {
		f.Fatalf("reading %s: %v", id, err)
	}
	return record
}

func testKeyRoundTrip(f *fixture) {
	f.setNow(noon.Add(123456 * time.Microsecond))
	plan := f.plan("5/day")
	secret := newSecret("laptop", f.now)
	secret.ExpiresAt = f.now.Add(time.Hour + time.Microsecond)
	want := admin.KeyRecord{Key: ration.Key{
		ID: ration.NewKeyID(), Name: "Ann's key", Owner: "ann@example.com", Plan: plan.Name, Status: ration.StatusPending,
		ExpiresAt: time.Date(2031, 2, 28, 23, 59, 59, 999_999_000, time.UTC),
		Scopes:    []string{"write", "read"},
		AllowedIPs: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/48"),
		},
		TimeZone:  "America/Argentina/Buenos_Aires",
		Unlimited: true, Metadata: map[string]string{"team": "blue", "": "empty name", "quote": `"'\`, "line": "a\nb\tc"},
		CreatedAt: f.now, UpdatedAt: f.now,
	}, Overrides: []ration.Override{override(f, "7/month")}}
	created, err := f.Store.CreateKey(f.Context(), func(change *admin.KeyChange) error {
		if !change.Now.Equal(f.now) {
			f.Errorf("the change is at %s, want %s", change.Now, f.now)
		}
		change.Key = want
		change.NewSecrets = []admin.NewSecret{secret}
		change.Audit = entry("key.create", want.ID.String())
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	want.Secrets = []ration.SecretState{secret.SecretState}
	f.want("key as created", want, created)
	f.want("key as read", want, f.stored(want.ID))
	listed, err := f.Store.ListKeys(f.Context(), admin.KeyFilter{Plan: plan.Name})
	if err != nil {
		f.Fatal(err)
	}
	f.want("key as listed", []admin.KeyRecord{want}, listed.Keys)
	f.want("time of the list", f.now, listed.Now)
}

func testEmptyKey(f *fixture) {
	id := f.key("")
	got := f.stored(id)
	f.want("key", admin.KeyRecord{Key: ration.Key{
		ID: id, Name: "test", Status: ration.StatusActive, CreatedAt: noon, UpdatedAt: noon,
	}}, got)
	if !got.ExpiresAt.IsZero() {
		f.Errorf("expires at %s, want never", got.ExpiresAt)
	}
}

// hostile is text that has broken programs.
var hostile = []string{
	`<script>alert(1)</script>`, `'; DROP TABLE api_keys; --`, `=cmd|'/C calc'!A0`, `../../etc/passwd`,
	"💣 \u202Eright to left", "Zalgo ͉̫͙", `{"a":1}`, `%s %d %n`, "%' OR 1=1", "_", `back\slash`, "ÄÖÜ", " spaces ", "NULL",
}

func testHostileNames(f *fixture) {
	for _, text := range hostile {
		id := f.keyWith(func(change *admin.KeyChange) {
			change.Key.Name, change.Key.Owner = text, text
			change.Key.Metadata = map[string]string{text: text}
			change.Key.Scopes = []string{text}
			secret := newSecret(text, change.Now)
			change.NewSecrets = []admin.NewSecret{secret}
		})
		got := f.stored(id)
		if got.Name != text || got.Owner != text || !maps.Equal(got.Metadata, map[string]string{text: text}) ||
			!slices.Equal(got.Scopes, []string{text}) || got.Secrets[0].Label != text {
			f.Errorf("%q came back as %+v", text, got)
		}
		for what, filter := range map[string]admin.KeyFilter{"name": {Name: text}, "owner": {Owner: text}} {
			if ids := f.list(filter); !slices.Equal(ids, []ration.KeyID{id}) {
				f.Errorf("%s %q finds %v, want %s", what, text, ids, id)
			}
		}
		if decision := f.allow(id, requests(1)); decision.KeyName != text || decision.Owner != text {
			f.Errorf("%q is decided as %q of %q", text, decision.KeyName, decision.Owner)
		}
	}
}

func testUpdateWrites(f *fixture) {
	plan := f.plan("5/day")
	id, _ := f.keyWithSecrets(plan.Name, "one", "two")
	want := f.stored(id)
	f.advance(time.Minute)
	added := newSecret("three", f.now)
	change := func(record *admin.KeyRecord) {
		record.Name, record.Owner, record.Plan, record.Status = "renamed", "bob", "", ration.StatusDisabled
		record.ExpiresAt, record.Scopes = f.now.Add(time.Hour), []string{"x"}
		record.AllowedIPs = []netip.Prefix{netip.MustParsePrefix("::1/128")}
		record.TimeZone, record.Metadata = "Europe/Paris", map[string]string{"a": "b"}
		record.Secrets[0].RevokedAt, record.Secrets[1].ExpiresAt = f.now, f.now.Add(time.Hour)
		record.Overrides = []ration.Override{override(f, "9/day")}
		record.UpdatedAt = f.now
	}
	change(&want)
	want.Secrets = append(want.Secrets, added.SecretState)
	got := f.updateKey(id, func(c *admin.KeyChange) {
		change(&c.Key)
		c.NewSecrets = []admin.NewSecret{added}
	})
	f.want("key as updated", want, got)
	f.want("key as read", want, f.stored(id))
	f.updateKey(id, func(c *admin.KeyChange) {
		c.Key.Key = ration.Key{ID: id, Name: "bare", Status: ration.StatusActive, CreatedAt: c.Key.CreatedAt}
		c.Key.Overrides = nil
	})
	want.Key = ration.Key{ID: id, Name: "bare", Status: ration.StatusActive, CreatedAt: noon, UpdatedAt: f.now}
	want.Overrides = nil
	f.want("key with all taken away", want, f.stored(id))
}

func testUnchanged(f *fixture) {
	id := f.key(f.plan("5/day").Name)
	before, audit := f.stored(id), f.audit(admin.AuditFilter{Target: id.String()})
	f.advance(time.Minute)
	got, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.Key.Name, change.Key.Overrides = "changed after all", []ration.Override{override(f, "1/day")}
		change.Audit = entry("key.update", id.String())
		return admin.ErrUnchanged
	})
	if err != nil {
		f.Fatalf("error %v, want none", err)
	}
	f.want("key as returned", before, got)
	f.want("key as read", before, f.stored(id))
	f.want("audit log", audit, f.audit(admin.AuditFilter{Target: id.String()}))
}

func testKeyErrors(f *fixture) {
	id, unknown := f.key(""), ration.NewKeyID()
	_, err := f.Store.Key(f.Context(), unknown)
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.UpdateKey(f.Context(), unknown, func(*admin.KeyChange) error {
		f.Error("update was called for a key that does not exist")
		return nil
	})
	f.wantError(err, ration.ErrNotFound)
	toNowhere := func(change *admin.KeyChange) { change.Key.Plan = "no-such-plan" }
	_, err = f.Store.CreateKey(f.Context(), newKey(toNowhere))
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error { toNowhere(change); return nil })
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.CreateKey(f.Context(), newKey(func(change *admin.KeyChange) { change.Key.ID = id }))
	f.wantError(err, ration.ErrExists)
	_, err = f.Store.CreateKey(f.Context(), func(*admin.KeyChange) error { return ration.ErrConflict })
	f.wantError(err, ration.ErrConflict)
	f.want("the key that was there", "test", f.stored(id).Name)
}

func testTakenDigest(f *fixture) {
	id, secrets := f.keyWithSecrets("", "first")
	other := f.key("")
	before := f.stored(other)
	taken := newSecret("second", f.now)
	taken.Digest = secrets[0].Digest
	take := func(change *admin.KeyChange) { change.NewSecrets = []admin.NewSecret{taken} }
	fresh := ration.NewKeyID()
	_, err := f.Store.CreateKey(f.Context(), newKey(func(change *admin.KeyChange) { change.Key.ID = fresh; take(change) }))
	f.wantError(err, ration.ErrExists)
	_, err = f.Store.Key(f.Context(), fresh)
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.UpdateKey(f.Context(), other, func(change *admin.KeyChange) error { take(change); return nil })
	f.wantError(err, ration.ErrExists)
	f.want("the other key", before, f.stored(other))
	refs, err := f.Store.ResolveDigests(f.Context(), []ration.Digest{taken.Digest})
	if err != nil {
		f.Fatal(err)
	}
	f.want("ref", []ration.SecretRef{{KeyID: id, SecretID: secrets[0].ID}}, refs)
}

// pages returns the ids of the keys that match, from one page after the other, and how many
// keys each page has.
func (f *fixture) pages(filter admin.KeyFilter) (ids []ration.KeyID, sizes []int) {
	f.Helper()
	for {
		page, err := f.Store.ListKeys(f.Context(), filter)
		if err != nil {
			f.Fatalf("listing keys: %v", err)
		}
		for _, record := range page.Keys {
			ids = append(ids, record.ID)
		}
		sizes = append(sizes, len(page.Keys))
		if filter.After = page.Next; filter.After.IsZero() {
			return ids, sizes
		}
	}
}

// list returns the ids of the keys that match.
func (f *fixture) list(filter admin.KeyFilter) []ration.KeyID {
	f.Helper()
	ids, _ := f.pages(filter)
	return ids
}

func testListKeys(f *fixture) {
	plan, owner, name := f.plan().Name, uniqueName(), uniqueName()
	id := func(configure func(*ration.Key)) ration.KeyID {
		return f.keyWith(func(change *admin.KeyChange) { configure(&change.Key.Key) })
	}
	onPlan := id(func(k *ration.Key) { k.Plan, k.Owner = plan, owner })
	disabled := id(func(k *ration.Key) { k.Status, k.Owner = ration.StatusDisabled, owner })
	named := id(func(k *ration.Key) { k.Name, k.Owner = name, owner })
	// Letters that a pattern of SQL would take for others, in both cases.
	underscored := f.keyWith(func(change *admin.KeyChange) { addSecretThatStarts(change, "a_%Bc", f.now) })
	lettered := f.keyWith(func(change *admin.KeyChange) { addSecretThatStarts(change, "aXYBc", f.now) })
	f.keyWith(func(change *admin.KeyChange) { addSecretThatStarts(change, "A_%bc", f.now) })
	for _, row := range []struct {
		filter admin.KeyFilter
		want   []ration.KeyID
	}{
		{admin.KeyFilter{Owner: owner}, []ration.KeyID{onPlan, disabled, named}},
		{admin.KeyFilter{Plan: plan}, []ration.KeyID{onPlan}},
		{admin.KeyFilter{Owner: owner, Status: ration.StatusDisabled}, []ration.KeyID{disabled}},
		{admin.KeyFilter{Owner: owner, Status: ration.StatusActive}, []ration.KeyID{onPlan, named}},
		{admin.KeyFilter{Name: name}, []ration.KeyID{named}},
		{admin.KeyFilter{Name: name[:5]}, nil},
		{admin.KeyFilter{Owner: owner, Plan: plan, Name: name}, nil},
		{admin.KeyFilter{Owner: uniqueName()}, nil},
		{admin.KeyFilter{SecretStart: "a_%Bc"}, []ration.KeyID{underscored}},
		{admin.KeyFilter{SecretStart: "a_"}, []ration.KeyID{underscored}},
		{admin.KeyFilter{SecretStart: "aXY"}, []ration.KeyID{lettered}},
		{admin.KeyFilter{SecretStart: "a_%Bcd"}, nil},
		{admin.KeyFilter{SecretStart: "a_", Owner: owner}, nil},
		{admin.KeyFilter{Owners: []string{owner}}, []ration.KeyID{onPlan, disabled, named}},
		{admin.KeyFilter{Owners: []string{uniqueName(), owner}, Status: ration.StatusActive}, []ration.KeyID{onPlan, named}},
		{admin.KeyFilter{Owners: []string{owner}, Plans: []string{plan, "p"}}, []ration.KeyID{onPlan}},
		{admin.KeyFilter{Owner: owner, Owners: []string{uniqueName()}}, nil},
		{admin.KeyFilter{Owner: owner, Owners: []string{}}, nil},
		{admin.KeyFilter{Plan: plan, Plans: []string{}}, nil},
	} {
		if got := f.list(row.filter); !slices.Equal(got, row.want) {
			f.Errorf("%+v finds %v, want %v", row.filter, got, row.want)
		}
	}
}

// testCountKeys counts beside the keys of other tests.
func testCountKeys(f *fixture) {
	count := func(most int) int {
		n, err := f.Store.CountKeys(f.Context(), most)
		if err != nil {
			f.Fatalf("counting keys: %v", err)
		}
		return n
	}
	f.key("")
	before := count(1_000_000)
	f.key("")
	f.key("")
	if after := count(1_000_000); before < 1 || after < before+2 {
		f.Errorf("%d keys, and %d with two more", before, after)
	}
	if got := count(2); got != 2 {
		f.Errorf("%d keys of at most 2", got)
	}
}

func addSecretThatStarts(change *admin.KeyChange, start string, now time.Time) {
	secret := newSecret("only", now)
	secret.Start = start
	change.NewSecrets = []admin.NewSecret{secret}
}

func testKeyPages(f *fixture) {
	owner := uniqueName()
	var want []ration.KeyID
	for range 7 {
		want = append(want, f.keyWith(func(change *admin.KeyChange) { change.Key.Owner = owner }))
	}
	for limit, wantSizes := range map[int][]int{1: {1, 1, 1, 1, 1, 1, 1}, 3: {3, 3, 1}, 7: {7}, 8: {7}} {
		got, sizes := f.pages(admin.KeyFilter{Owner: owner, Limit: limit})
		if !slices.Equal(got, want) || !slices.Equal(sizes, wantSizes) {
			f.Errorf("pages of %v give %v, want %v of %v", sizes, got, wantSizes, want)
		}
	}
}

func testOtherKeysUntouched(f *fixture) {
	plan := f.plan("5/day").Name
	changed, _ := f.keyWithSecrets(plan, "one")
	other, _ := f.keyWithSecrets(plan, "two")
	f.override(other, override(f, "3/week"))
	f.batch(chargeOf(other), chargeOf(changed))
	before := f.state(other)
	f.override(changed, override(f, "4/week"), override(f, "1/month"))
	f.updateKey(changed, func(change *admin.KeyChange) {
		change.Key.Status, change.Key.Secrets[0].RevokedAt = ration.StatusRevoked, change.Now
	})
	f.deny(changed, requests(1), ration.CodeKeyRevoked, 0)
	f.want("the other key", before, f.state(other))
}
