package examples_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/api"
)

// keyAnswer is what clients tell of a key, of a secret that was issued, and of both.
type keyAnswer struct {
	api.KeyStatus
	Version  string `json:"version"`
	SecretID string `json:"secret_id"`
	Secret   string `json:"secret"`
	Key      struct {
		api.KeyRecord
		Version string `json:"version"`
	} `json:"key"`
}

// answered reads what a client tells of an answer.
func answered[T any](b *bench, got made) (answer T) {
	b.t.Helper()
	b.wants(got, "", "")
	if err := json.Unmarshal(got.Answer, &answer); err != nil {
		b.t.Fatalf("%s: %v", got.Answer, err)
	}
	return answer
}

func administerKeys(t *testing.T, b *bench) {
	issued := answered[keyAnswer](b, b.call("create_key", patient.with("owner", "Zoë <script>").with("metadata", map[string]string{"tier": "ü"}).
		with("limits", []any{map[string]string{"limit": "5/day"}}).with("expires_at", "2999-01-31T00:00:00+01:00"), "Ada's key 🔑"))
	if issued.Secret == "" || issued.Key.Owner != "Zoë <script>" || issued.Key.Name != "Ada's key 🔑" || issued.Key.Version == "" {
		t.Fatalf("create_key: %+v", issued)
	}
	id := issued.Key.ID
	b.wants(b.call("verify", patient, issued.Secret), "", "")
	shown := answered[keyAnswer](b, b.call("show_key", patient, id))
	if len(shown.Limits) != 1 || shown.Limits[0].Remaining != "4" || shown.Version != issued.Key.Version || shown.ExpiresAt == nil || shown.Metadata["tier"] != "ü" {
		t.Errorf("show_key: %+v", shown)
	}
	own := answered[api.OwnUsage](b, b.call("own_usage", patient, issued.Secret))
	if len(own.Limits) != 1 || own.Limits[0].Used != "1" || own.Key.ID != id || len(own.Usage) != 1 {
		t.Errorf("own_usage: %+v", own)
	}

	rotated := answered[keyAnswer](b, b.call("rotate_key", patient.with("overlap", 0), id))
	b.wants(b.call("own_usage", patient, issued.Secret), "KeyRefused", "key_revoked")
	further := answered[keyAnswer](b, b.call("add_secret", patient, id, "laptop"))
	answered[keyAnswer](b, b.call("revoke_secret", patient, id, rotated.SecretID))
	if got := b.call("verify", patient, rotated.Secret); got.Code != "key_revoked" {
		t.Errorf("a revoked secret: %+v", got)
	}
	for _, step := range []struct{ do, status, code string }{{"disable_key", "disabled", "key_disabled"}, {"enable_key", "active", "ok"}, {"revoke_key", "revoked", "key_revoked"}} {
		if changed := answered[keyAnswer](b, b.call(step.do, patient, id)); changed.Status != step.status || changed.Version == "" {
			t.Errorf("%s: %+v", step.do, changed)
		}
		if got := b.call("verify", patient.with("dry_run", true), further.Secret); got.Code != step.code {
			t.Errorf("after %s: %+v", step.do, got)
		}
	}
	b.wants(b.call("enable_key", patient, id), "Conflict", "conflict")
}

func listKeysPageByPage(t *testing.T, b *bench) {
	owner := "list " + b.key.ID
	var want []string
	for i := range 5 {
		want = append(want, answered[keyAnswer](b, b.call("create_key", patient.with("owner", owner).with("unlimited", true), fmt.Sprint("key ", i))).Key.ID)
	}
	var ids []string
	for _, key := range answered[[]api.KeyRecord](b, b.call("keys", patient.with("owner", owner).with("limit", 2).with("today", true))) {
		if ids = append(ids, key.ID); key.Today == nil {
			t.Errorf("today is missing: %+v", key)
		}
	}
	if calls, _, _ := b.admin.seen(); !slices.Equal(ids, want) || calls != 8 {
		t.Errorf("got %v in %d calls, want %v in 5 and 3", ids, calls, want)
	}
	page := answered[api.Page[api.KeyRecord]](b, b.call("list_keys", patient.with("owner", owner).with("limit", 4)))
	if len(page.Items) != 4 || page.NextCursor == nil {
		t.Errorf("list_keys: %+v", page)
	}
	if none := answered[[]api.KeyRecord](b, b.call("keys", patient.with("owner", "nobody & Söhne?"))); len(none) != 0 {
		t.Errorf("keys of nobody: %+v", none)
	}
}

func noticeThatAKeyHasChanged(t *testing.T, b *bench) {
	read := answered[map[string]any](b, b.call("show_key", patient, b.key.ID))
	version, _ := read["version"].(string)
	changes := map[string]any{"owner": nil, "metadata": map[string]any{"a": "b"}}
	changed := answered[keyAnswer](b, b.call("update_key", patient.with("version", version), b.key.ID, changes))
	if changed.Owner != "" || changed.Metadata["a"] != "b" || changed.Version == version {
		t.Errorf("update_key: %+v", changed)
	}
	b.wants(b.call("update_key", patient.with("version", version), b.key.ID, changes), "Changed", "changed")
	b.wants(b.call("update_key", patient, b.key.ID, changes), "InvalidRequest", "precondition_required")
	answered[keyAnswer](b, b.call("update_key", patient.with("version", "*"), b.key.ID, map[string]any{"name": "another"}))
	refused := b.call("update_key", patient.with("version", "*"), b.key.ID, map[string]any{"name": "two\r\nlines"})
	if b.wants(refused, "InvalidRequest", "invalid_value"); !strings.Contains(refused.Text, "/name") {
		t.Errorf("the error doesn't say what is wrong: %q", refused.Text)
	}
	b.wants(b.call("show_key", patient, "key_01a22a78-b814-72f8-b477-bbf8a0abbb79"), "NotFound", "not_found")
	b.wants(b.call("show_key", patient, "../tokens?x=#y"), "NotFound", "not_found")
	b.wants(b.call("show_key", patient, ".."), "NotFound", "not_found")
}

// makeOneKeyForALostAnswer has Ration make changes whose answers get lost: each is made
// once, and the caller gets the secret all the same.
func makeOneKeyForALostAnswer(t *testing.T, b *bench) {
	owner := "lost " + b.key.ID
	var lose atomic.Bool
	b.admin.answerWith(func(w http.ResponseWriter, r *http.Request) {
		if lose.Swap(false) {
			b.admin.pass(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		b.admin.pass(w, r)
	})
	lose.Store(true)
	first := answered[keyAnswer](b, b.call("create_key", patient.with("owner", owner).with("unlimited", true), "once"))
	b.wants(b.call("verify", patient, first.Secret), "", "")
	lose.Store(true)
	renewed := answered[keyAnswer](b, b.call("rotate_key", patient, first.Key.ID))
	b.wants(b.call("verify", patient, renewed.Secret), "", "")
	if shown := answered[keyAnswer](b, b.call("show_key", patient, first.Key.ID)); len(shown.Secrets) != 2 {
		t.Errorf("the key was rotated more than once: %+v", shown.Secrets)
	}
	for _, want := range []string{"", "IdempotencyMismatch"} {
		got := b.call("create_key", patient.with("owner", owner).with("unlimited", true).with("idempotency_key", "form "+owner), "a form that was sent twice"+want)
		if got.Error != want {
			t.Errorf("got %+v, want %q", got, want)
		}
		b.call("create_key", patient.with("owner", owner).with("unlimited", true).with("idempotency_key", "form "+owner), "a form that was sent twice")
	}
	lose.Store(true)
	b.wants(b.call("enable_key", patient, b.key.ID), "OutcomeUnknown", "")
	lose.Store(true)
	if keys := answered[[]api.KeyRecord](b, b.call("keys", patient.with("owner", owner))); len(keys) != 2 {
		t.Errorf("%d keys were made, want 2", len(keys))
	}
	lose.Store(true)
	if revoked := answered[keyAnswer](b, b.call("revoke_key", patient, b.key.ID)); revoked.Status != "revoked" {
		t.Errorf("revoke_key: %+v", revoked)
	}
}

func addUsageUp(t *testing.T, b *bench) {
	for range 3 {
		b.wants(b.call("verify", patient, b.key.Secret, map[string]int{"tokens": 5}), "", "")
	}
	report := answered[api.UsageReport](b, b.call("usage", patient.with("key", b.key.ID).with("group_by", []string{"key", "day", "meter"}).with("from_", "2020-01-01")))
	used := map[string]string{}
	for _, sum := range report.Sums {
		if used[sum.Meter] = sum.Used.String(); sum.KeyID != b.key.ID || sum.Day == "" {
			t.Errorf("a sum of another group: %+v", sum)
		}
	}
	if used["requests"] != "3" || used["tokens"] != "15" || len(report.Totals) != 2 || report.More {
		t.Errorf("usage: %+v", report)
	}
}

func administerPlans(t *testing.T, b *bench) {
	name := "paid-" + b.key.ID[len(b.key.ID)-6:]
	plan := answered[map[string]any](b, b.call("create_plan", patient, name, []string{"7/day", "10/second burst 20"}))
	b.wants(b.call("create_plan", patient, name, []string{"7/day"}), "AlreadyExists", "exists")
	changed := answered[api.Plan](b, b.call("update_plan", patient.with("version", plan["version"]), name, map[string]any{"set_limits": []string{"8/day"}}))
	if len(changed.Limits) != 2 || !slices.ContainsFunc(changed.Limits, func(l api.PlanLimit) bool { return l.Quantity == "8" }) {
		t.Errorf("update_plan: %+v", changed)
	}
	b.wants(b.call("update_plan", patient.with("version", plan["version"]), name, map[string]any{"set_limits": []string{"9/day"}}), "Changed", "changed")
	answered[keyAnswer](b, b.call("update_key", patient.with("version", "*"), b.key.ID, map[string]any{"plan": name}))
	b.wants(b.call("delete_plan", patient, name), "Conflict", "conflict")
	answered[keyAnswer](b, b.call("update_key", patient.with("version", "*"), b.key.ID, map[string]any{"plan": nil}))
	if got := b.call("delete_plan", patient, name); got.Error != "" {
		t.Errorf("delete_plan: %+v", got)
	}
	b.wants(b.call("show_plan", patient, name), "NotFound", "not_found")
	if plans := answered[[]api.Plan](b, b.call("list_plans", patient)); slices.ContainsFunc(plans, func(p api.Plan) bool { return p.Name == name }) {
		t.Errorf("list_plans: %+v", plans)
	}
	log := answered[api.Page[api.AuditEntry]](b, b.call("request", patient, "GET", "/v1/admin/audit?limit=1"))
	if len(log.Items) != 1 || log.Items[0].Action != "plan.delete" {
		t.Errorf("request: %+v", log)
	}
}
