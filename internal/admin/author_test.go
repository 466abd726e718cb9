package admin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// TestEveryChangeSaysWhereItCameFrom makes each kind of change in a context with an
// origin.
func TestEveryChangeSaysWhereItCameFrom(t *testing.T) {
	o := open(t)
	origin := rationadmin.Origin{From: "203.0.113.7", TokenID: uuid.Must(uuid.NewV7())}
	ctx := rationadmin.WithOrigin(t.Context(), origin)
	limits := o.limits("5/day")
	issued, err := o.CreateKey(ctx, actor, admin.NewKey{Name: "a key", Overrides: []ration.Override{{Limit: limits[0]}}})
	if err != nil {
		t.Fatal(err)
	}
	id := issued.Key.ID
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	must(o.CreatePlan(ctx, actor, admin.NewPlan{Name: "free"}))
	must(o.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "free", SetLimits: limits}))
	must(o.ApplyPlans(ctx, actor, admin.PlansApply{Plans: []admin.NewPlan{{Name: "pro"}}}))
	must(nil, o.DeletePlan(ctx, actor, "pro"))
	must(o.UpdateKey(ctx, actor, admin.KeyPatch{ID: id, Plan: new("free")}))
	must(o.AddSecret(ctx, actor, admin.NewKeySecret{ID: id, Label: "second"}))
	must(o.RevokeSecret(ctx, actor, admin.KeySecret{ID: id, SecretID: issued.SecretID}))
	must(o.RotateKey(ctx, actor, admin.Rotation{ID: id}))
	must(o.ResetKey(ctx, actor, admin.KeyReset{ID: id, Reason: "a test"}))
	must(o.DisableKey(ctx, actor, id))
	must(o.EnableKey(ctx, actor, id))
	must(o.ChangeKeys(ctx, actor, admin.KeysChange{All: true, Action: admin.ActionDisable}))
	must(o.ImportKeys(ctx, actor, admin.KeysImport{Keys: []admin.ImportedKey{{Name: "old", Status: ration.StatusActive, Secret: ration.SecretFromText("an old secret")}}}))
	must(o.ImportUsage(ctx, actor, admin.UsageImport{Days: []admin.ImportedDay{{KeyID: id, Meter: ration.MeterRequests, Date: ration.DateID(2030, 6, 1), Used: 3}}}))
	must(o.RevokeKey(ctx, actor, id))
	must(o.CreateToken(ctx, actor, admin.NewToken{Name: "t", Scopes: []string{admin.ScopeRead}}))
	must(o.RevokeToken(ctx, actor, "t"))
	var actions []string
	for _, entry := range o.audit(admin.AuditFilter{}) {
		actions = append(actions, entry.Action)
		if diff := cmp.Diff(origin, rationadmin.Origin{From: entry.From, TokenID: entry.TokenID}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", entry.Action, diff)
		}
	}
	if len(actions) < 18 {
		t.Errorf("only these were changed: %v", actions)
	}
}

func TestOriginIsChecked(t *testing.T) {
	o := open(t)
	for _, from := range []string{strings.Repeat("x", 101), "a\nb"} {
		_, err := o.CreateKey(rationadmin.WithOrigin(t.Context(), rationadmin.Origin{From: from}), actor, admin.NewKey{Name: "k"})
		wantInvalid(t, err, "from")
	}
	_, err := o.CreateKey(t.Context(), "token:"+strings.Repeat("x", admin.MaxTextLength), admin.NewKey{Name: "k"})
	if err != nil {
		t.Errorf("the actor that a token of the longest name is: %v", err)
	}
}
