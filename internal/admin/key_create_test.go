package admin_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

func TestCreateKey(t *testing.T) {
	o := open(t)
	o.plan("free", "10/day")
	issued := o.create(admin.NewKey{
		Name: "<script>=cmd()", Owner: "../alice", Plan: "free", ExpiresAt: noon.Add(time.Hour), Scopes: []string{"b", "a", "b"},
		AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("::ffff:192.0.2.0/120")},
		TimeZone:   "Europe/Berlin", Metadata: map[string]string{"team": "x"},
		Overrides: []ration.Override{o.override("20/day", noon.Add(time.Hour))}, Label: "laptop",
	})
	want := ration.Key{
		ID: issued.Key.ID, Name: "<script>=cmd()", Owner: "../alice", Plan: "free", Status: ration.StatusActive,
		ExpiresAt: noon.Add(time.Hour), Scopes: []string{"a", "b"},
		AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")},
		TimeZone:   "Europe/Berlin", Metadata: map[string]string{"team": "x"}, CreatedAt: noon, UpdatedAt: noon,
	}
	samePrefix := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	if diff := cmp.Diff(want, issued.Key.Key, samePrefix); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if len(issued.Key.Overrides) != 1 || issued.Key.Overrides[0].Quantity != 20 {
		t.Errorf("overrides %v; want one of 20", issued.Key.Overrides)
	}
	secrets := issued.Key.Secrets
	start, end := issued.Secret.Ends()
	if len(secrets) != 1 || secrets[0].ID != issued.SecretID || secrets[0].Label != "laptop" || secrets[0].Start != start || secrets[0].End != end {
		t.Errorf("secrets %+v; want one labelled laptop, %s…%s", secrets, start, end)
	}
}

func TestCreatedSecretIsGoodAtOnce(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{})
	o.wantCode(issued.Secret, ration.CodeOK)
	if !strings.HasPrefix(issued.Secret.Reveal(), "rk_") || !issued.Secret.Generated() {
		t.Error("the secret is malformed or has another prefix")
	}
}

func TestCreateKeyRefuses(t *testing.T) {
	o := open(t)
	long := strings.Repeat("é", 201)
	many := func(n int, suffix string) (texts []string) {
		for i := range n {
			texts = append(texts, strings.Repeat("x", i+1)+suffix)
		}
		return texts
	}
	entries := make(map[string]string)
	for _, name := range many(51, "") {
		entries[name] = "v"
	}
	for _, row := range []struct {
		name  string
		key   admin.NewKey
		field string
	}{
		{"no name", admin.NewKey{}, "name"},
		{"blank name", admin.NewKey{Name: " \u00a0 "}, "name"},
		{"name of 201 characters", admin.NewKey{Name: long}, "name"},
		{"name with a line break", admin.NewKey{Name: "a\nb"}, "name"},
		{"name with an escape sequence", admin.NewKey{Name: "a\x1b[2J"}, "name"},
		{"name with NUL", admin.NewKey{Name: "a\x00"}, "name"},
		{"name with a bidi override", admin.NewKey{Name: "a\u202eb"}, "name"},
		{"name with a line separator", admin.NewKey{Name: "a\u2028b"}, "name"},
		{"name that is not UTF-8", admin.NewKey{Name: "a\xff"}, "name"},
		{"owner of 201 characters", admin.NewKey{Name: "k", Owner: long}, "owner"},
		{"plan that can't be a name", admin.NewKey{Name: "k", Plan: "a b"}, "plan"},
		{"expiry now", admin.NewKey{Name: "k", ExpiresAt: noon}, "expires_at"},
		{"expiry in the year 10000", admin.NewKey{Name: "k", ExpiresAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "expires_at"},
		{"scope with a space", admin.NewKey{Name: "k", Scopes: []string{"a b"}}, "scope"},
		{"51 scopes", admin.NewKey{Name: "k", Scopes: many(51, "")}, "scopes"},
		{"range that is none", admin.NewKey{Name: "k", AllowedIPs: []netip.Prefix{{}}}, "allowed_ips"},
		{"101 ranges", admin.NewKey{Name: "k", AllowedIPs: make([]netip.Prefix, 101)}, "allowed_ips"},
		{"zone that is none", admin.NewKey{Name: "k", TimeZone: "Mars/Olympus"}, "time_zone"},
		{"zone of the machine", admin.NewKey{Name: "k", TimeZone: "Local"}, "time_zone"},
		{"51 entries of metadata", admin.NewKey{Name: "k", Metadata: entries}, "metadata"},
		{"metadata with NUL", admin.NewKey{Name: "k", Metadata: map[string]string{"a": "\x00"}}, "metadata.a"},
		{"metadata without a name", admin.NewKey{Name: "k", Metadata: map[string]string{"": "x"}}, "metadata name"},
		{"metadata of 1001 characters", admin.NewKey{Name: "k", Metadata: map[string]string{"a": strings.Repeat("x", 1001)}}, "metadata.a"},
		{"label of 65 characters", admin.NewKey{Name: "k", Label: strings.Repeat("x", 65)}, "label"},
		{"the same limit twice", admin.NewKey{Name: "k", Overrides: []ration.Override{o.override("1/day", time.Time{}), o.override("2/day", time.Time{})}}, "limits"},
		{"limit that has ended", admin.NewKey{Name: "k", Overrides: []ration.Override{o.override("1/day", noon)}}, "until"},
		{"limit below zero", admin.NewKey{Name: "k", Overrides: []ration.Override{{Limit: ration.Limit{Meter: "requests", Quantity: -1, Period: "day"}}}}, "quantity"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := o.CreateKey(t.Context(), actor, row.key)
			wantInvalid(t, err, row.field)
		})
	}
	for _, name := range []string{"", "a\nb"} {
		_, err := o.CreateKey(t.Context(), name, admin.NewKey{Name: "k"})
		wantInvalid(t, err, "actor")
	}
	_, err := o.CreateKey(t.Context(), actor, admin.NewKey{Name: "k", Plan: "none"})
	wantError(t, err, ration.ErrNotFound, `plan "none"`)
	if keys, err := o.ListKeys(t.Context(), admin.KeyFilter{}); err != nil || len(keys.Keys) != 0 || len(o.audit(admin.AuditFilter{})) != 0 {
		t.Errorf("after refusals there are %d keys (%v) and %d audit entries; want none", len(keys.Keys), err, len(o.audit(admin.AuditFilter{})))
	}
}

func TestCreationIsAudited(t *testing.T) {
	o := open(t)
	issued := o.create(admin.NewKey{Name: "k", Overrides: []ration.Override{o.override("unlimited tokens/day", noon.Add(time.Hour))}})
	entries := o.audit(admin.AuditFilter{})
	if len(entries) != 1 || entries[0].Actor != actor || entries[0].Action != "key.create" || entries[0].Target != issued.Key.ID.String() || !entries[0].At.Equal(noon) {
		t.Fatalf("entries %+v; want one key.create", entries)
	}
	want := map[string]any{
		"name": map[string]any{"new": "k"}, "status": map[string]any{"new": "active"},
		"temporary_override.tokens/day":      map[string]any{"new": "unlimited tokens/day until 2030-06-15T13:00:00Z"},
		"secret." + issued.SecretID.String(): map[string]any{"new": map[string]any{"label": "default"}},
	}
	var got map[string]any
	if err := json.Unmarshal(entries[0].Details, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	if strings.Contains(string(entries[0].Details), issued.Secret.Reveal()[8:20]) {
		t.Error("the audit log holds the secret")
	}
}
