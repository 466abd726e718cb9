package storetest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var auditTests = []contractTest{
	{"each change leaves one entry", testAuditEntries},
	{"what failed leaves none", testAuditOfFailures},
	{"an entry says from where the change came, and with which token", testAuditOrigin},
	{"entries keep their details, however many are read", testAuditDetails},
	{"entries are selected by target and actor, the newest first", testAuditFilter},
}

func (f *fixture) audit(filter admin.AuditFilter) []admin.AuditEntry {
	f.Helper()
	entries, err := f.Store.ListAudit(f.Context(), filter)
	if err != nil {
		f.Fatalf("reading the audit log: %v", err)
	}
	return entries
}

func testAuditEntries(f *fixture) {
	id, given := ration.NewKeyID(), uuid.Must(uuid.NewV7())
	details := json.RawMessage(`{"name": "<b>", "limits": ["5/day", null], "n": 9007199254740993, "": {}}`)
	_, err := f.Store.CreateKey(f.Context(), newKey(func(change *admin.KeyChange) { change.Key.ID = id }))
	if err != nil {
		f.Fatal(err)
	}
	f.advance(time.Microsecond)
	_, err = f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.Key.Name = "renamed"
		change.Audit = admin.AuditEntry{
			ID: given, At: noon.Add(-time.Hour), Actor: `cli:o'neil "root"`, Action: "key.rename", Target: id.String(), Details: details,
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	entries := f.audit(admin.AuditFilter{Target: id.String()})
	if len(entries) != 2 {
		f.Fatalf("%d entries, want 2: %+v", len(entries), entries)
	}
	if entries[1].ID == uuid.Nil || entries[1].Action != "key.create" || !entries[1].At.Equal(noon) {
		f.Errorf("entry of the creation: %+v", entries[1])
	}
	if !sameJSON(entries[0].Details, details) {
		f.Errorf("details %s, want %s", entries[0].Details, details)
	}
	entries[0].Details = nil
	f.want("entry of the update", admin.AuditEntry{
		ID: given, At: noon.Add(time.Microsecond), Actor: `cli:o'neil "root"`, Action: "key.rename", Target: id.String(),
	}, entries[0])
}

// sameJSON compares what a database may have written in its own way; numbers to
// the last digit.
func sameJSON(a, b json.RawMessage) bool {
	var texts [2]string
	for i, raw := range []json.RawMessage{a, b} {
		var value map[string]json.RawMessage
		if json.Unmarshal(raw, &value) != nil {
			return false
		}
		for name, member := range value {
			var compact any
			if name == "n" {
				compact = string(member)
			} else if json.Unmarshal(member, &compact) != nil {
				return false
			}
			value[name], _ = json.Marshal(compact)
		}
		text, _ := json.Marshal(value)
		texts[i] = string(text)
	}
	return texts[0] == texts[1]
}

func testAuditOfFailures(f *fixture) {
	id, _ := f.keyWithSecrets("", "one")
	count := len(f.audit(admin.AuditFilter{Target: id.String()}))
	for name, update := range map[string]func(*admin.KeyChange) error{
		"an error":        func(*admin.KeyChange) error { return ration.ErrConflict },
		"an unknown plan": func(change *admin.KeyChange) error { change.Key.Plan = "no-such-plan"; return nil },
	} {
		_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
			change.Key.Name = "changed"
			change.Audit = entry("key.update", id.String())
			return update(change)
		})
		if err == nil {
			f.Errorf("%s: no error", name)
		}
	}
	if got := len(f.audit(admin.AuditFilter{Target: id.String()})); got != count {
		f.Errorf("%d entries, want %d", got, count)
	}
	f.want("name", "test", f.stored(id).Name)
}

// A driver may read many rows into the same memory.
func testAuditDetails(f *fixture) {
	id, actor := f.key(""), uniqueName()
	want := make(map[string]string)
	for i := range 60 {
		action := "change " + strconv.Itoa(i)
		details := `{"a": "` + strings.Repeat(strconv.Itoa(i)+" ", 10*i) + `"}`
		want[action] = details
		_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
			change.Key.Name = uniqueName()
			change.Audit = admin.AuditEntry{Actor: actor, Action: action, Target: id.String(), Details: json.RawMessage(details)}
			return nil
		})
		f.wantError(err, nil)
	}
	entries := f.audit(admin.AuditFilter{Actor: actor, Limit: 100})
	if len(entries) != len(want) {
		f.Errorf("%d entries; want %d", len(entries), len(want))
	}
	for _, entry := range entries {
		if !sameJSON(entry.Details, json.RawMessage(want[entry.Action])) {
			f.Errorf("details of %q: %.200s", entry.Action, entry.Details)
		}
	}
}

func testAuditFilter(f *fixture) {
	actor, other := uniqueName(), uniqueName()
	id := f.key("")
	for i, who := range []string{actor, other, actor, actor} {
		f.advance(time.Second)
		_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
			change.Key.Name = uniqueName()
			change.Audit = admin.AuditEntry{Actor: who, Action: string(rune('a' + i)), Target: id.String()}
			return nil
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	for _, row := range []struct {
		filter admin.AuditFilter
		want   string
	}{
		{admin.AuditFilter{Actor: actor}, "dca"},
		{admin.AuditFilter{Actor: other}, "b"},
		{admin.AuditFilter{Actor: actor, Limit: 2}, "dc"},
		{admin.AuditFilter{Actor: actor, Target: id.String()}, "dca"},
		{admin.AuditFilter{Actor: actor, Target: "key_nobody"}, ""},
		{admin.AuditFilter{Target: id.String(), Limit: 4}, "dcba"},
	} {
		got := ""
		for _, entry := range f.audit(row.filter) {
			got += entry.Action
		}
		if got != row.want {
			f.Errorf("%+v finds %q, want %q", row.filter, got, row.want)
		}
	}
}

// testAuditOrigin makes changes in each of the ways in which stores write entries.
func testAuditOrigin(f *fixture) {
	id := f.key("")
	from := func(action string) admin.AuditEntry {
		given := entry(action, id.String())
		given.ID, given.From, given.TokenID = uuid.Must(uuid.NewV7()), "2001:db8::7", uuid.Must(uuid.NewV7())
		return given
	}
	update, raise, none := from("key.update"), from("usage.import"), from("key.rename")
	none.From, none.TokenID = "", uuid.Nil
	for _, given := range []admin.AuditEntry{update, none} {
		_, err := f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
			change.Key.Name, change.Audit = uniqueName(), given
			return nil
		})
		f.wantError(err, nil)
	}
	day := admin.DayKey{KeyID: id, Meter: ration.MeterRequests, Date: ration.DateID(2030, 6, 1)}
	err := f.Store.RaiseUsage(f.Context(), []admin.DayKey{day}, func(change *admin.UsageRaise) error {
		change.Audit = raise
		return nil
	})
	f.wantError(err, nil)
	entries := f.audit(admin.AuditFilter{Target: id.String()})
	for _, want := range []admin.AuditEntry{update, none, raise} {
		i := slices.IndexFunc(entries, func(e admin.AuditEntry) bool { return e.ID == want.ID })
		if i < 0 {
			f.Fatalf("no entry of %s", want.Action)
		}
		got := entries[i]
		got.At, got.Details = time.Time{}, nil
		f.want("entry of "+want.Action, want, got)
	}
}
