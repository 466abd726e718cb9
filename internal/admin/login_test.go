package admin_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// sessionChecker makes a checker that is closed with the test.
func (o *office) sessionChecker() *admin.SessionChecker {
	checker := admin.NewSessionChecker(o.store, admin.Config{})
	o.Cleanup(func() {
		if err := checker.Close(context.Background()); err != nil {
			o.Error(err)
		}
	})
	return checker
}

var login = admin.Login{From: "203.0.113.7", UserAgent: "Mozilla/5.0"}

// logIn begins a session with a login link and returns it.
func (o *office) logIn(link admin.NewLoginLink) admin.IssuedSession {
	o.Helper()
	issued, err := o.CreateLoginLink(o.Context(), actor, link)
	if err != nil {
		o.Fatal(err)
	}
	session, err := o.LogInWithLink(o.Context(), issued.Code, login)
	if err != nil {
		o.Fatal(err)
	}
	return session
}

func (o *office) tokenLogin(token admin.Token) admin.IssuedSession {
	o.Helper()
	session, err := o.LogInWithToken(o.Context(), token, login)
	if err != nil {
		o.Fatal(err)
	}
	return session
}

// entries are the actions, actors and tokens of the audit log about sessions, oldest first.
func (o *office) entries() (list []string) {
	o.Helper()
	entries, err := o.ListAudit(o.Context(), admin.AuditFilter{OldestFirst: true})
	if err != nil {
		o.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Action, "session.") || strings.HasPrefix(entry.Action, "login_link.") {
			token := ""
			if entry.TokenID != uuid.Nil {
				token = " with a token"
			}
			list = append(list, entry.Action+" "+entry.Actor+" "+entry.From+token)
		}
	}
	return list
}

func TestLogInWithToken(t *testing.T) {
	o := open(t)
	checker := o.sessionChecker()
	issued, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "ops", Scopes: []string{"keys"}, Owners: []string{"acme"}, ExpiresAt: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	begun := o.tokenLogin(issued.Token)
	want := admin.Session{
		ID: begun.Session.ID, Name: "ops", Actor: "token:ops", Method: "token", TokenID: issued.Token.ID, TokenExpiresAt: noon.Add(time.Hour),
		Scopes: []string{"keys"}, Owners: []string{"acme"}, From: "203.0.113.7", UserAgent: "Mozilla/5.0",
		CreatedAt: noon, SeenAt: noon, ExpiresAt: noon.Add(7 * 24 * time.Hour),
	}
	if diff := cmp.Diff(want, begun.Session); diff != "" {
		t.Errorf("begun (-want +got):\n%s", diff)
	}
	checked, err := checker.Check(t.Context(), begun.Secret)
	if diff := cmp.Diff(want, checked); diff != "" || err != nil {
		t.Errorf("checked (-want +got):\n%s%v", diff, err)
	}
	again := o.tokenLogin(issued.Token)
	if again.Secret.Reveal() == begun.Secret.Reveal() || again.Session.ID == begun.Session.ID {
		t.Error("a second login got the first one's session")
	}
	if err := o.LogOut(rationadmin.WithOrigin(t.Context(), rationadmin.Origin{From: "203.0.113.7"}), again.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := checker.Check(t.Context(), again.Secret); !errors.Is(err, admin.ErrSessionOver) {
		t.Errorf("after logging out: %v", err)
	}
	o.set(noon.Add(time.Hour))
	if _, err := checker.Check(t.Context(), begun.Secret); !errors.Is(err, admin.ErrSessionOver) {
		t.Errorf("when its token has expired: %v", err)
	}
	if diff := cmp.Diff([]string{
		"session.begin token:ops 203.0.113.7 with a token", "session.begin token:ops 203.0.113.7 with a token", "session.end token:ops 203.0.113.7 with a token",
	}, o.entries()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
}

func TestSessionOfARevokedTokenIsOver(t *testing.T) {
	o := open(t)
	checker := o.sessionChecker()
	token := o.token("ops", admin.ScopeAdmin)
	begun := o.tokenLogin(token.Token)
	withToken := rationadmin.WithOrigin(t.Context(), rationadmin.Origin{TokenID: token.Token.ID})
	link, err := o.CreateLoginLink(withToken, "token:ops", admin.NewLoginLink{For: "anna"})
	if err != nil {
		t.Fatal(err)
	}
	unused, err := o.CreateLoginLink(withToken, "token:ops", admin.NewLoginLink{For: "ben"})
	if err != nil {
		t.Fatal(err)
	}
	lent, err := o.LogInWithLink(t.Context(), link.Code, login)
	if err != nil {
		t.Fatal(err)
	}
	if lent.Session.Actor != "user:anna" || lent.Session.TokenID != token.Token.ID {
		t.Errorf("%+v", lent.Session)
	}
	for _, secret := range []ration.Secret{begun.Secret, lent.Secret} {
		if _, err := checker.Check(t.Context(), secret); err != nil {
			t.Error(err)
		}
	}
	o.set(noon.Add(time.Minute))
	if _, err := o.RevokeToken(t.Context(), actor, "ops"); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []ration.Secret{begun.Secret, lent.Secret} {
		if _, err := checker.Check(t.Context(), secret); !errors.Is(err, admin.ErrSessionOver) {
			t.Errorf("after its token was revoked: %v", err)
		}
	}
	if _, err := o.LogInWithLink(t.Context(), unused.Code, login); !errors.Is(err, admin.ErrLoginLinkInvalid) {
		t.Errorf("with a link of a token that was revoked: %v", err)
	}
	sessions, err := o.ListSessions(t.Context(), admin.SessionFilter{Over: true})
	if err != nil || len(sessions) != 2 || !sessions[0].EndedAt.Equal(noon.Add(time.Minute)) || !sessions[1].EndedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v, %v; want two that ended with the token", sessions, err)
	}
}

func TestLoginLink(t *testing.T) {
	o := open(t)
	checker := o.sessionChecker()
	o.plan("free")
	issued, err := o.CreateLoginLink(t.Context(), actor, admin.NewLoginLink{For: "Anna <a@b>", Scopes: []string{"read"}, Plans: []string{"free"}, Valid: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	want := admin.LoginLink{
		ID: issued.LoginLink.ID, For: "Anna <a@b>", Scopes: []string{"read"}, Plans: []string{"free"}, CreatedBy: actor,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Minute),
	}
	if diff := cmp.Diff(want, issued.LoginLink); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	begun, err := o.LogInWithLink(t.Context(), issued.Code, login)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := checker.Check(t.Context(), begun.Secret)
	if err != nil || checked.Actor != "user:Anna <a@b>" || !slices.Equal(checked.Plans, []string{"free"}) || !checked.Allows("read") || checked.Allows("keys") {
		t.Errorf("%+v, %v", checked, err)
	}
	if _, err := o.LogInWithLink(t.Context(), issued.Code, login); !errors.Is(err, admin.ErrLoginLinkInvalid) {
		t.Errorf("again: %v", err)
	}
	if diff := cmp.Diff([]string{"login_link.create cli:tester ", "session.begin user:Anna <a@b> 203.0.113.7"}, o.entries()); diff != "" {
		t.Errorf("audit (-want +got):\n%s", diff)
	}
	for _, secret := range []ration.Secret{issued.Code, begun.Secret} {
		entries, err := o.ListAudit(t.Context(), admin.AuditFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if strings.Contains(string(entry.Details), secret.Reveal()) {
				t.Errorf("the audit log has a secret: %s", entry.Details)
			}
		}
	}
}

func TestLoginLinksThatAreRefused(t *testing.T) {
	o := open(t)
	narrowed := o.Within(admin.Reach{Owners: []string{"acme"}})
	for _, row := range []struct {
		name    string
		service *admin.Service
		link    admin.NewLoginLink
		field   string // empty: another error
		want    error
	}{
		{"nobody", o.Service, admin.NewLoginLink{}, "for", nil},
		{"a name over two lines", o.Service, admin.NewLoginLink{For: "a\nb"}, "for", nil},
		{"the scope of the verify API", o.Service, admin.NewLoginLink{For: "a", Scopes: []string{"verify"}}, "scopes", nil},
		{"an unknown scope", o.Service, admin.NewLoginLink{For: "a", Scopes: []string{"root"}}, "scopes", nil},
		{"a scope that includes another", o.Service, admin.NewLoginLink{For: "a", Scopes: []string{"read", "keys"}}, "scopes", nil},
		{"too short", o.Service, admin.NewLoginLink{For: "a", Valid: time.Second}, "valid", nil},
		{"too long", o.Service, admin.NewLoginLink{For: "a", Valid: 24*time.Hour + 1}, "valid", nil},
		{"a narrowed admin", o.Service, admin.NewLoginLink{For: "a", Owners: []string{"acme"}}, "owners", nil},
		{"a plan that nobody knows", o.Service, admin.NewLoginLink{For: "a", Scopes: []string{"read"}, Plans: []string{"gone"}}, "", ration.ErrNotFound},
		{"more than within reach", narrowed, admin.NewLoginLink{For: "a", Scopes: []string{"read"}, Owners: []string{"acme", "other"}}, "", admin.ErrOutOfReach},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := row.service.CreateLoginLink(t.Context(), actor, row.link)
			invalid, is := errors.AsType[*ration.InvalidError](err)
			if is != (row.field != "") || is && invalid.Field != row.field || !is && !errors.Is(err, row.want) {
				t.Errorf("error %v, want one of field %q or %v", err, row.field, row.want)
			}
		})
	}
	issued, err := narrowed.CreateLoginLink(t.Context(), actor, admin.NewLoginLink{For: "a", Scopes: []string{"read"}})
	if err != nil || !slices.Equal(issued.LoginLink.Owners, []string{"acme"}) {
		t.Errorf("%+v, %v; want a link that is as narrow as its maker", issued.LoginLink, err)
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	o := open(t)
	idle, used := o.logIn(admin.NewLoginLink{For: "idle"}), o.logIn(admin.NewLoginLink{For: "used"})
	for at := 6 * time.Hour; at < 7*24*time.Hour; at += 6 * time.Hour {
		o.set(noon.Add(at))
		checker := admin.NewSessionChecker(o.store, admin.Config{}) // one that has noted nothing yet
		if _, err := checker.Check(t.Context(), used.Secret); err != nil {
			t.Fatalf("used, after %s: %v", at, err)
		}
		if err := checker.Close(t.Context()); err != nil { // which writes that it was seen
			t.Fatal(err)
		}
	}
	checker := admin.NewSessionChecker(unseen{o.store}, admin.Config{})
	t.Cleanup(func() { _ = checker.Close(context.Background()) })
	for _, row := range []struct {
		session admin.IssuedSession
		at      time.Duration
		over    bool
	}{
		{idle, 12*time.Hour - time.Second, false},
		{idle, 12 * time.Hour, true},
		{used, 7*24*time.Hour - time.Second, false},
		{used, 7 * 24 * time.Hour, true},
	} {
		o.set(noon.Add(row.at))
		if _, err := checker.Check(t.Context(), row.session.Secret); errors.Is(err, admin.ErrSessionOver) != row.over {
			t.Errorf("%s after %s: %v, over: %t", row.session.Session.Name, row.at, err, row.over)
		}
	}
	sessions, err := o.ListSessions(t.Context(), admin.SessionFilter{Over: true})
	if err != nil || len(sessions) != 2 || !sessions[0].EndedAt.Equal(noon.Add(7*24*time.Hour)) || !sessions[1].EndedAt.Equal(noon.Add(12*time.Hour)) {
		t.Errorf("%+v, %v", sessions, err)
	}
}

// unseen are checks that don't note that a session was seen.
type unseen struct{ admin.SessionChecks }

func (unseen) NoteSessionsSeen(context.Context, []uuid.UUID, time.Time) error { return nil }

func TestSecretsThatAreNoSession(t *testing.T) {
	o := open(t)
	checker := o.sessionChecker()
	begun, token := o.logIn(admin.NewLoginLink{For: "anna"}), o.token("ops", admin.ScopeAdmin)
	for name, secret := range map[string]ration.Secret{
		"none": {}, "unknown": ration.NewSecret("rk_session"), "misspelt": ration.SecretFromText(begun.Secret.Reveal() + "x"),
		"a token": token.Secret, "too long": ration.SecretFromText(strings.Repeat("x", 10_000)),
	} {
		if _, err := checker.Check(t.Context(), secret); !errors.Is(err, admin.ErrSessionOver) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := o.LogInWithLink(t.Context(), secret, login); !errors.Is(err, admin.ErrLoginLinkInvalid) {
			t.Errorf("%s as a link: %v", name, err)
		}
	}
	verify := o.token("gateway", admin.ScopeVerify)
	_, err := o.LogInWithToken(t.Context(), verify.Token, login)
	if lacking, lacks := errors.AsType[*admin.TokenScopeError](err); !lacks || lacking.Scope != "read" {
		t.Errorf("with a token of the verify API: %v", err)
	}
}

// TestTooManySessions: the 51st of one person ends the one that was seen longest ago, and
// those of others stay.
func TestTooManySessions(t *testing.T) {
	o := open(t)
	checker := o.sessionChecker()
	other := o.logIn(admin.NewLoginLink{For: "ben"})
	var all []admin.IssuedSession
	for i := range 51 {
		o.set(noon.Add(time.Duration(i) * time.Second))
		all = append(all, o.logIn(admin.NewLoginLink{For: "anna"}))
	}
	for i, session := range append(all, other) {
		if _, err := checker.Check(t.Context(), session.Secret); errors.Is(err, admin.ErrSessionOver) != (i == 0) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	entries, err := o.ListAudit(t.Context(), admin.AuditFilter{Action: "session.end"})
	if err != nil || len(entries) != 1 || entries[0].Target != "session:"+all[0].Session.ID.String() {
		t.Errorf("%+v, %v; want one entry", entries, err)
	}
}

func TestSessionsHaveABound(t *testing.T) {
	o := open(t)
	for i := range 1_000 {
		if _, err := o.LogInUser(t.Context(), admin.User{Name: string(rune('a'+i%20)) + "@example.com", Scopes: []string{"read"}}, login); err != nil {
			t.Fatal(err)
		}
	}
	_, err := o.LogInUser(t.Context(), admin.User{Name: "z", Scopes: []string{"read"}}, login)
	if !errors.Is(err, ration.ErrConflict) || !strings.Contains(err.Error(), "ration sessions end") {
		t.Errorf("one more: %v", err)
	}
	o.set(noon.Add(12 * time.Hour)) // when all are over
	if _, err := o.LogInUser(t.Context(), admin.User{Name: "z", Scopes: []string{"read"}}, login); err != nil {
		t.Error(err)
	}
}

func TestUserAgentsAreCutOff(t *testing.T) {
	o := open(t)
	user := admin.User{Name: "anna@example.com", Scopes: []string{"admin"}, Subject: "sub-1"}
	begun, err := o.LogInUser(t.Context(), user, admin.Login{UserAgent: "a\x1b[2J\xff\u202eb" + strings.Repeat("ß", 500)})
	if err != nil {
		t.Fatal(err)
	}
	if want := "a[2Jb" + strings.Repeat("ß", 295); begun.Session.UserAgent != want {
		t.Errorf("%q", begun.Session.UserAgent)
	}
	entries, err := o.ListAudit(t.Context(), admin.AuditFilter{Action: "session.begin"})
	if err != nil || len(entries) != 1 || !strings.Contains(string(entries[0].Details), "sub-1") {
		t.Errorf("%+v, %v", entries, err)
	}
	if _, err := o.LogInUser(t.Context(), admin.User{Name: "a", Scopes: nil}, login); err == nil {
		t.Error("somebody without a scope is logged in")
	}
}
