package grant_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
)

// TestEachOperationIsTested: whoever adds an operation says here who may use it.
func TestEachOperationIsTested(t *testing.T) {
	operations := reflect.TypeFor[admin.Operations]()
	for i := range operations.NumMethod() {
		if _, tested := calls[operations.Method(i).Name]; !tested {
			t.Errorf("%s is in no test: add it to calls", operations.Method(i).Name)
		}
	}
	if len(calls) != operations.NumMethod() {
		t.Errorf("%d calls of %d operations", len(calls), operations.NumMethod())
	}
}

// TestScopes uses each operation with each scope: where it is not allowed, the error
// names the scope. That it works where it is allowed, TestWithinReach shows.
func TestScopes(t *testing.T) {
	onBothStores(t, func(o *office) {
		at := o.target(ownOwner, ownPlan)
		for _, scopes := range [][]string{{"verify"}, {"verify", "read"}, {"keys"}, {"admin"}} {
			token := admin.Token{Scopes: scopes}
			for name, call := range calls {
				allowed := token.Allows(call.scope)
				_, err := call.make(o.Context(), o.operations(admin.Reach{}, scopes...), o, at)
				lacking, lacks := errors.AsType[*admin.TokenScopeError](err)
				if lacks == allowed || lacks && lacking.Scope != call.scope {
					o.Errorf("%s with the scopes %q: error %v; allowed: %t", name, scopes, err, allowed)
				}
			}
		}
	})
}

// TestReadingChangesNothing compares everything before and after a token has tried all
// operations that may not change anything.
func TestReadingChangesNothing(t *testing.T) {
	onBothStores(t, func(o *office) {
		at := o.target(ownOwner, ownPlan)
		for _, scope := range []string{"verify", "read"} {
			for _, reach := range []admin.Reach{{}, narrowed} {
				ops, before := o.operations(reach, scope), o.all()
				for name, call := range calls {
					if name == "ResetKey" || name == "DeletePlan" || name == "RevokeToken" || name == "EndSession" {
						continue // they make something first; TestScopes has them
					}
					_, _ = call.make(o.Context(), ops, o, at)
				}
				if after := o.all(); after != before {
					o.Errorf("the scope %s within %+v has changed something: before\n%s\nand after\n%s", scope, reach, before, after)
				}
			}
		}
	})
}

// outside are keys out of reach, and what tokens are narrowed to that must not reach
// them.
var outside = []struct {
	owner, plan string
	reach       admin.Reach
}{
	{otherOwner, ownPlan, narrowed},
	{ownOwner, otherPlan, narrowed},
	{ownOwner, "", narrowed},
	{"", ownPlan, narrowed},
	{otherOwner, ownPlan, admin.Reach{Owners: []string{"b", ownOwner}}},
	{ownOwner, otherPlan, admin.Reach{Plans: []string{ownPlan}}},
}

// TestOutOfReach aims each operation at keys that a token must not reach: it learns
// nothing of them, and changes nothing.
func TestOutOfReach(t *testing.T) {
	onBothStores(t, func(o *office) {
		for _, row := range outside {
			at := o.target(row.owner, row.plan)
			if _, err := calls["ResetKey"].make(o.Context(), o.service, o, at); err != nil { // it gives the key a limit
				o.Fatal(err)
			}
			before := o.all()
			for name, call := range calls {
				if call.whole {
					continue // see TestWithinReach
				}
				out, err := call.make(o.Context(), o.operations(row.reach, admin.ScopeKeys), o, at)
				wantHidden(o, name, at, out, err)
			}
			if after := o.all(); after != before {
				o.Errorf("a token narrowed to %+v has changed something about owner %q and plan %q", row.reach, row.owner, row.plan)
			}
		}
	})
}

// wantHidden fails if an answer tells of a key.
func wantHidden(o *office, name string, at target, out any, err error) {
	o.Helper()
	text, marshalErr := json.Marshal(out)
	if marshalErr != nil {
		o.Fatal(marshalErr)
	}
	answer, hidden := string(text), []string{at.Key.ID.String(), at.Key.Name}
	if err != nil {
		answer, hidden = err.Error(), []string{at.Key.Name, otherOwner, otherPlan} // the caller named the id
		if !errors.Is(err, ration.ErrNotFound) && !errors.Is(err, admin.ErrOutOfReach) {
			o.Errorf("%s of a key out of reach: %v", name, err)
		}
	}
	for _, hidden := range hidden {
		if strings.Contains(answer, hidden) {
			o.Errorf("%s shows %q of what is out of reach: %s", name, hidden, answer)
		}
	}
}

// TestOutOfReachIsAsIfItWereNotThere compares answers about a key out of reach with
// those about one that doesn't exist.
func TestOutOfReachIsAsIfItWereNotThere(t *testing.T) {
	onBothStores(t, func(o *office) {
		there := o.target(otherOwner, otherPlan)
		none := there
		none.Key.ID, none.Key.Name, none.Secret, none.asked = ration.NewKeyID(), "nobody's", ration.NewSecret("rk"), ration.NewKeyID()
		for name, call := range calls {
			if call.whole || name == "ResetKey" {
				continue // it gives the key a limit first
			}
			ops := o.operations(narrowed, admin.ScopeKeys)
			answer := func(at target) string {
				out, err := call.make(o.Context(), ops, o, at)
				text := fmt.Sprint(err)
				if err == nil {
					text = fmt.Sprintf("%+v", out)
				}
				return strings.NewReplacer(at.Key.ID.String(), "ID", at.job.String(), "ID", at.asked.String(), "ID").Replace(text)
			}
			if got, want := answer(there), answer(none); got != want {
				o.Errorf("%s answers\n%s\nand of a key that doesn't exist\n%s", name, got, want)
			}
		}
	})
}

// TestWithinReach uses each operation on a key that a token is narrowed to.
func TestWithinReach(t *testing.T) {
	onBothStores(t, func(o *office) {
		for name, call := range calls {
			at := o.target(ownOwner, ownPlan)
			out, err := call.make(o.Context(), o.operations(narrowed, admin.ScopeKeys), o, at)
			switch {
			case call.whole && call.scope == admin.ScopeRead && !errors.Is(err, admin.ErrOutOfReach):
				o.Errorf("%s, which concerns all: error %v", name, err)
			case call.whole && err == nil:
				o.Errorf("%s, which concerns all, is allowed", name)
			case !call.whole && err != nil:
				o.Errorf("%s: %v", name, err)
			case !call.whole && slices.Contains([]string{"ListKeys", "UsageDays", "SumUsage", "FindKeys", "ShowKey", "ListAudit"}, name):
				if text, _ := json.Marshal(out); !strings.Contains(string(text), at.Key.ID.String()) {
					o.Errorf("%s does not show the key: %s", name, text)
				}
			}
		}
	})
}

// TestNoKeyLeavesTheReach: a key is neither created nor moved where the token could
// not follow, and the answer is the same whether the plan exists or not.
func TestNoKeyLeavesTheReach(t *testing.T) {
	onBothStores(t, func(o *office) {
		ops := o.operations(narrowed, admin.ScopeKeys)
		at := o.target(ownOwner, ownPlan)
		before := o.all()
		for name, patch := range map[string]admin.KeyPatch{
			"another owner":   {Owner: new(otherOwner)},
			"no owner":        {Owner: new("")},
			"another plan":    {Plan: new(otherPlan)},
			"an unknown plan": {Plan: new("unheard-of")},
			"no plan":         {Plan: new("")},
		} {
			all := patch
			patch.ID = at.Key.ID
			_, err := ops.UpdateKey(o.Context(), actor, patch)
			_, errOfMany := ops.ChangeKeys(o.Context(), actor, admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: all})
			for _, err := range []error{err, errOfMany} {
				if !errors.Is(err, admin.ErrOutOfReach) {
					o.Errorf("%s: error %v", name, err)
				}
			}
		}
		if after := o.all(); after != before {
			o.Error("a key was moved")
		}
		_, err := ops.UpdateKey(o.Context(), actor, admin.KeyPatch{ID: at.Key.ID, Owner: new(ownOwner), Plan: new(ownPlan), Name: new("kept")})
		if err != nil {
			o.Errorf("within reach: %v", err)
		}
	})
}

// TestChangeOfAllStaysWithinReach: "all keys" are all that the token can reach.
func TestChangeOfAllStaysWithinReach(t *testing.T) {
	onBothStores(t, func(o *office) {
		inside, other := o.target(ownOwner, ownPlan), o.target(otherOwner, ownPlan)
		done, err := o.operations(narrowed, admin.ScopeKeys).ChangeKeys(o.Context(), actor, admin.KeysChange{All: true, Action: admin.ActionRevoke})
		if err != nil || done.Changed != 1 {
			o.Errorf("changed %+v, %v; want one key", done, err)
		}
		for at, want := range map[*target]ration.Status{&inside: ration.StatusRevoked, &other: ration.StatusActive} {
			status, err := o.service.ShowKey(o.Context(), at.Key.ID)
			if err != nil || status.Status != want {
				o.Errorf("a key of %s is %s, %v; want %s", at.owner, status.Status, err, want)
			}
		}
	})
}

// TestTokenIsTheActor: the audit log names the token and tells which it was.
func TestTokenIsTheActor(t *testing.T) {
	o := onSQLite(t)
	token := admin.Token{ID: uuid.Must(uuid.NewV7()), Name: "deploy", Scopes: []string{admin.ScopeKeys}}
	ctx := rationadmin.WithOrigin(o.Context(), rationadmin.Origin{From: "203.0.113.7"})
	issued, err := grant.Of(token).Operations(o.service).CreateKey(ctx, actor, admin.NewKey{Name: "a key"})
	if err != nil {
		o.Fatal(err)
	}
	entries, err := o.service.ListAudit(o.Context(), admin.AuditFilter{Target: issued.Key.ID.String()})
	if err != nil || len(entries) != 1 {
		o.Fatalf("%d entries, %v", len(entries), err)
	}
	if got := entries[0]; got.Actor != "token:deploy" || got.TokenID != token.ID || got.From != "203.0.113.7" {
		o.Errorf("entry %+v", got)
	}
}

// TestNoTokenOutlivesItsMaker: a token makes tokens that end with it or before.
func TestNoTokenOutlivesItsMaker(t *testing.T) {
	o := onSQLite(t)
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	maker := admin.Token{Name: "maker", Scopes: []string{admin.ScopeAdmin}, ExpiresAt: end}
	ops := grant.Of(maker).Operations(o.service)
	for _, row := range []struct {
		name    string
		end     time.Time
		allowed bool
	}{
		{"with it", end, true},
		{"before", end.Add(-time.Minute), true},
		{"later", end.Add(time.Microsecond), false},
		{"never", time.Time{}, false},
	} {
		_, err := ops.CreateToken(o.Context(), actor, admin.NewToken{Name: row.name, Scopes: []string{admin.ScopeAdmin}, ExpiresAt: row.end})
		invalid, refused := errors.AsType[*ration.InvalidError](err)
		if refused == row.allowed || refused && invalid.Field != "expires_at" || !refused && err != nil {
			o.Errorf("a token that ends %s: %v", row.name, err)
		}
	}
}

// TestLendingNoMore makes login links with grants: none holds more than its maker.
func TestLendingNoMore(t *testing.T) {
	o := onSQLite(t)
	for _, row := range []struct {
		name  string
		reach admin.Reach
		holds string
		asks  admin.NewLoginLink
		lacks string // the scope
		far   bool   // out of reach
		want  admin.Session
	}{
		{"all that an administrator has", admin.Reach{}, "admin", admin.NewLoginLink{}, "", false, admin.Session{Scopes: []string{"admin"}}},
		{"less than an administrator has", admin.Reach{}, "admin", admin.NewLoginLink{Scopes: []string{"read"}, Plans: []string{ownPlan}}, "", false, admin.Session{Scopes: []string{"read"}, Plans: []string{ownPlan}}},
		{"all that a narrowed token has", narrowed, "keys", admin.NewLoginLink{}, "", false, admin.Session{Scopes: []string{"keys"}, Owners: narrowed.Owners, Plans: narrowed.Plans}},
		{"less than a narrowed token has", narrowed, "keys", admin.NewLoginLink{Scopes: []string{"read"}, Owners: []string{ownOwner}}, "", false, admin.Session{Scopes: []string{"read"}, Owners: narrowed.Owners, Plans: narrowed.Plans}},
		{"a wider scope", narrowed, "keys", admin.NewLoginLink{Scopes: []string{"admin"}}, "admin", false, admin.Session{}},
		{"another owner", narrowed, "keys", admin.NewLoginLink{Owners: []string{ownOwner, otherOwner}}, "", true, admin.Session{}},
		{"another plan", narrowed, "keys", admin.NewLoginLink{Plans: []string{otherPlan}}, "", true, admin.Session{}},
		{"anything of one who only reads", admin.Reach{}, "read", admin.NewLoginLink{}, "keys", false, admin.Session{}},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := o.service.CreateToken(t.Context(), "test", admin.NewToken{Name: o.name("token"), Scopes: []string{row.holds}, Owners: row.reach.Owners, Plans: row.reach.Plans})
			if err != nil {
				t.Fatal(err)
			}
			ops := grant.Of(token.Token).Operations(o.service)
			row.asks.For = "anna"
			issued, err := ops.CreateLoginLink(t.Context(), actor, row.asks)
			lacking, lacks := errors.AsType[*admin.TokenScopeError](err)
			if lacks != (row.lacks != "") || lacks && lacking.Scope != row.lacks || errors.Is(err, admin.ErrOutOfReach) != row.far {
				t.Fatalf("error %v, lacks %q, far: %t", err, row.lacks, row.far)
			}
			if row.want.Scopes == nil {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			begun, err := o.service.LogInWithLink(t.Context(), issued.Code, admin.Login{})
			if err != nil {
				t.Fatal(err)
			}
			got := begun.Session
			if !slices.Equal(got.Scopes, row.want.Scopes) || !slices.Equal(got.Owners, row.want.Owners) || !slices.Equal(got.Plans, row.want.Plans) {
				t.Errorf("%+v, want %+v", got, row.want)
			}
			if got.TokenID != token.Token.ID || issued.LoginLink.CreatedBy != "token:"+token.Token.Name {
				t.Errorf("%+v of %+v: it must end with its token", got, issued.LoginLink)
			}
		})
	}
}

// TestChangesOfASession are written down as its own, with its token.
func TestChangesOfASession(t *testing.T) {
	o := onSQLite(t)
	token := uuid.Must(uuid.NewV7())
	for actor, session := range map[string]admin.Session{
		"user:anna": {Actor: "user:anna", Scopes: []string{"admin"}},
		"token:ops": {Actor: "token:ops", TokenID: token, Scopes: []string{"admin"}},
	} {
		name := o.name("plan")
		if _, err := grant.OfSession(session).Operations(o.service).CreatePlan(t.Context(), "somebody else", admin.NewPlan{Name: name}); err != nil {
			t.Fatal(err)
		}
		entries, err := o.service.ListAudit(t.Context(), admin.AuditFilter{Target: "plan:" + name})
		if err != nil || len(entries) != 1 || entries[0].Actor != actor || entries[0].TokenID != session.TokenID {
			t.Errorf("%+v, %v; want one of %s", entries, err, actor)
		}
	}
	reads := grant.OfSession(admin.Session{Actor: "user:anna", Scopes: []string{"read"}}).Operations(o.service)
	if _, err := reads.CreatePlan(t.Context(), "", admin.NewPlan{Name: "more"}); err == nil {
		t.Error("a session that only reads has changed something")
	}
	expiring := grant.OfSession(admin.Session{Actor: "token:ops", TokenID: token, TokenExpiresAt: time.Now().Add(time.Hour), Scopes: []string{"admin"}}).Operations(o.service)
	if _, err := expiring.CreateToken(t.Context(), "", admin.NewToken{Name: "longer", Scopes: []string{"read"}}); err == nil {
		t.Error("a token outlives the token of the session that made it")
	}
}

// TestOnlyAdminSeesAddressesOfWebhooks: what follows the host may be as good as a secret.
func TestOnlyAdminSeesAddressesOfWebhooks(t *testing.T) {
	o := onSQLite(t)
	id, err := o.webhook()
	if err != nil {
		t.Fatal(err)
	}
	for scope, want := range map[string]string{"read": "https://hooks.example.com", "keys": "https://hooks.example.com", "admin": webhookURL} {
		ops := o.operations(admin.Reach{}, scope)
		listed, err := ops.ListWebhooks(t.Context())
		if err != nil || len(listed) != 1 || listed[0].URL != want {
			t.Errorf("the scope %s lists %+v, %v; want the address %s", scope, listed, err, want)
		}
		if shown, err := ops.ShowWebhook(t.Context(), id); err != nil || shown.URL != want {
			t.Errorf("the scope %s is shown %+v, %v; want the address %s", scope, shown, err, want)
		}
		entries, err := ops.ListAudit(t.Context(), admin.AuditFilter{Target: "webhook:" + id.String()})
		if err != nil || len(entries) == 0 || strings.Contains(string(entries[0].Details), "secret") {
			t.Errorf("the audit log shows %+v, %v; want nothing of the path", entries, err)
		}
	}
}
