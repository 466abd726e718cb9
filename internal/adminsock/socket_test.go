package adminsock_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/sqlite"
)

const actor = "cli:tester"

// pair is a database with its operations here and through the socket.
type pair struct {
	*testing.T
	path   string
	store  *sqlite.Store
	direct *admin.Service
	remote *adminsock.Client
}

func open(t *testing.T) pair {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ration.db")
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	direct := admin.New(store, admin.Config{})
	serve(t, path, direct)
	remote, err := adminsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return pair{t, path, store, direct, remote}
}

// serve serves until the returned function is called, or the test ends.
func serve(t *testing.T, path string, ops admin.Operations) (stop func()) {
	t.Helper()
	listener, err := adminsock.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- adminsock.Serve(ctx, listener, ops) }()
	stopped := false
	stop = func() {
		cancel()
		if !stopped {
			stopped = true
			if err := <-served; err != nil {
				t.Errorf("serving: %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

var exact = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

// same fails unless a read gives the same here and through the socket, apart from what
// nobody is shown.
func same[T any](p pair, name string, read func(admin.Operations) (T, error)) T {
	p.Helper()
	want, err := read(p.direct)
	if err != nil {
		p.Fatal(err)
	}
	got, err := read(p.remote)
	if err != nil {
		p.Fatal(err)
	}
	if diff := cmp.Diff(want, got, exact, cmpopts.IgnoreFields(admin.KeyStatus{}, "At"), cmpopts.IgnoreFields(ration.LimitStatus{}, "AvailableAt")); diff != "" {
		p.Errorf("%s (-here +through the socket):\n%s", name, diff)
	}
	return got
}

// TestEveryOperationThroughTheSocket makes every change through the socket and
// finds that what is read there is what the database holds.
func TestEveryOperationThroughTheSocket(t *testing.T) {
	p := open(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	limit, err := ration.ParseLimit("10 tokens/day")
	must(err)
	_, err = p.remote.CreatePlan(ctx, actor, admin.NewPlan{Name: "free", TimeZone: "Europe/Berlin", Limits: []ration.Limit{limit}})
	must(err)
	_, err = p.remote.UpdatePlan(ctx, actor, admin.PlanPatch{Name: "free", RemoveLimits: []ration.LimitKey{limit.Key()}, TimeZone: new("")})
	must(err)
	issued, err := p.remote.CreateKey(ctx, actor, admin.NewKey{
		Name: "k", Plan: "free", TimeZone: "Asia/Tokyo", ExpiresAt: time.Now().Add(time.Hour), Scopes: []string{"a"},
		AllowedIPs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Metadata: map[string]string{"a": "1", "b": "2"},
		Overrides: []ration.Override{{Limit: limit, ExpiresAt: time.Now().Add(time.Hour)}},
	})
	must(err)
	id := issued.Key.ID
	if !issued.Secret.Generated() || issued.Secret.IsZero() || issued.SecretID != issued.Key.Secrets[0].ID {
		t.Error("the secret did not come through")
	}
	updated, err := p.remote.UpdateKey(ctx, actor, admin.KeyPatch{ID: id, Scopes: []string{}, ExpiresAt: new(time.Time{}), Metadata: map[string]*string{"a": nil}})
	must(err)
	if len(updated.Scopes) != 0 || !updated.ExpiresAt.IsZero() || len(updated.AllowedIPs) != 1 || len(updated.Metadata) != 1 {
		t.Errorf("updated %+v; want no scopes, no expiry, the rest as it was", updated.Key)
	}
	rotated, err := p.remote.RotateKey(ctx, actor, admin.Rotation{ID: id, Overlap: time.Hour})
	must(err)
	if !rotated.Secret.Generated() || rotated.Secret.IsZero() || rotated.Secret == issued.Secret {
		t.Error("the rotated secret did not come through")
	}
	added, err := p.remote.AddSecret(ctx, actor, admin.NewKeySecret{ID: id, Label: "phone"})
	must(err)
	if !added.Secret.Generated() || added.Secret.IsZero() {
		t.Error("the added secret did not come through")
	}
	_, err = p.remote.RevokeSecret(ctx, actor, admin.KeySecret{ID: id, SecretID: added.SecretID})
	must(err)
	for _, change := range []func(context.Context, string, ration.KeyID) (admin.KeyRecord, error){p.remote.DisableKey, p.remote.EnableKey, p.remote.RevokeKey} {
		_, err = change(ctx, actor, id)
		must(err)
	}
	changed, err := p.remote.ChangeKeys(ctx, actor, admin.KeysChange{
		Filter: admin.KeyFilter{Name: "k"}, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Metadata: map[string]*string{"b": nil}, ClearOverrides: []ration.LimitKey{}},
	})
	must(err)
	if changed.Changed != 1 || !changed.Next.IsZero() {
		t.Errorf("many keys: %+v; want one changed", changed)
	}
	_, err = p.remote.CreateKey(ctx, actor, admin.NewKey{Name: "k2"})
	must(err)
	changed, err = p.remote.ChangeKeys(ctx, actor, admin.KeysChange{All: true, Filter: admin.KeyFilter{Limit: 1}, Action: admin.ActionEnable})
	must(err)
	if changed.Skipped[ration.StatusRevoked] != 1 || changed.Next != id {
		t.Errorf("many keys: %+v; want one skipped and the next page after it", changed)
	}
	token, err := p.remote.CreateToken(ctx, actor, admin.NewToken{Name: "gateway", Scopes: []string{"verify"}})
	must(err)
	if !strings.HasPrefix(token.Secret.Reveal(), "rk_token_") {
		t.Error("the token did not come through")
	}
	_, err = p.remote.RevokeToken(ctx, actor, "gateway")
	must(err)
	link, err := p.remote.CreateLoginLink(ctx, actor, admin.NewLoginLink{For: "anna", Scopes: []string{"read"}, Owners: []string{"o'brien"}, Plans: []string{"free"}, Valid: time.Hour})
	must(err)
	if l := link.LoginLink; !link.Code.Generated() || l.For != "anna" || l.ExpiresAt.Sub(l.CreatedAt) != time.Hour || l.CreatedBy != actor || len(l.Owners) != 1 || len(l.Plans) != 1 {
		t.Errorf("link %+v", l)
	}
	begun, err := p.direct.LogInWithLink(ctx, link.Code, admin.Login{From: "::1", UserAgent: "a browser"})
	must(err)
	_, err = p.direct.LogInUser(ctx, admin.User{Name: "ben", Scopes: []string{"admin"}}, admin.Login{})
	must(err)
	same(p, "sessions", func(ops admin.Operations) ([]admin.Session, error) {
		return ops.ListSessions(ctx, admin.SessionFilter{})
	})
	ended, err := p.remote.EndSession(ctx, actor, begun.Session.ID)
	must(err)
	if ended.EndedAt.IsZero() {
		t.Errorf("ended %+v", ended)
	}
	same(p, "sessions that are over, too", func(ops admin.Operations) ([]admin.Session, error) {
		return ops.ListSessions(ctx, admin.SessionFilter{Over: true, Limit: 1})
	})

	hook, err := p.remote.CreateWebhook(ctx, actor, admin.NewWebhook{URL: "https://example.com/a?b=ß", Types: []admin.EventType{admin.EventKeyDisabled}})
	must(err)
	if len(hook.Secret.Reveal()) != len("whsec_")+44 || hook.CreatedBy != actor {
		t.Errorf("webhook %+v, want one with a secret", hook)
	}
	toBeTold, err := p.remote.CreateKey(ctx, actor, admin.NewKey{Name: "told"})
	must(err)
	_, err = p.remote.DisableKey(ctx, actor, toBeTold.Key.ID)
	must(err)
	latest := same(p, "latest events", func(ops admin.Operations) ([]admin.EventType, error) {
		page, err := ops.ListEvents(ctx, admin.EventFilter{Latest: true, Limit: 1})
		if err == nil {
			page, err = ops.ListEvents(ctx, admin.EventFilter{Latest: true, Before: page.Before, Limit: 1})
		}
		return []admin.EventType{page.Events[0].Type}, err
	})
	if latest[0] != admin.EventKeyCreated {
		t.Errorf("the event before the latest is %s", latest[0])
	}
	deliveries := same(p, "deliveries", func(ops admin.Operations) ([]admin.Delivery, error) {
		found, err := ops.ListDeliveries(ctx, admin.DeliveryFilter{WebhookID: hook.ID, KeyID: toBeTold.Key.ID, State: admin.DeliveryWaiting, Type: admin.EventKeyDisabled})
		for i := range found {
			found[i].Event.Position = 0 // is not told
		}
		return found, err
	})
	if len(deliveries) != 1 {
		t.Fatalf("%d deliveries, want one", len(deliveries))
	}
	run, found, err := p.store.TakeDelivery(ctx, uuid.New(), nil)
	must(err)
	if !found {
		t.Fatal("nothing is due")
	}
	must(p.store.EndDelivery(ctx, run, admin.DeliveryOutcome{State: admin.DeliveryDead, Status: 500, Problem: "the endpoint answered 500"}))
	same(p, "webhooks", func(ops admin.Operations) ([]admin.WebhookStatus, error) { return ops.ListWebhooks(ctx) })
	if count, err := p.remote.ReplayDead(ctx, actor, hook.ID); err != nil || count != 1 {
		t.Errorf("replayed %d, %v; want one", count, err)
	}
	replayed, err := p.remote.ReplayDelivery(ctx, actor, admin.DeliveryID{WebhookID: hook.ID, EventID: deliveries[0].Event.ID})
	must(err)
	if !replayed.Replayed || replayed.State != admin.DeliveryWaiting || replayed.Status != 500 || replayed.NextAt.IsZero() {
		t.Errorf("replayed %+v", replayed)
	}
	_, err = p.remote.UpdateWebhook(ctx, actor, admin.WebhookPatch{ID: hook.ID, URL: new("https://example.com/other"), Types: new([]admin.EventType{}), Enabled: new(false)})
	must(err)
	second, err := p.remote.RotateWebhookSecret(ctx, actor, hook.ID)
	must(err)
	if second.Secret.Reveal() == hook.Secret.Reveal() || second.PreviousUntil.IsZero() {
		t.Errorf("rotated %+v", second)
	}
	status := same(p, "webhook", func(ops admin.Operations) (admin.WebhookStatus, error) { return ops.ShowWebhook(ctx, hook.ID) })
	if status.Enabled || status.Types != nil || status.URL != "https://example.com/other" {
		t.Errorf("webhook %+v", status)
	}
	must(p.remote.DeleteWebhook(ctx, actor, hook.ID))

	key := same(p, "key", func(ops admin.Operations) (admin.KeyStatus, error) { return ops.ShowKey(ctx, id) })
	if key.Status != ration.StatusRevoked || key.TimeZone != "Asia/Tokyo" || len(key.Secrets) != 3 || key.Secrets[2].RevokedAt.IsZero() || len(key.Limits) != 1 {
		t.Errorf("key %+v; want it revoked, with three secrets and a limit", key)
	}
	same(p, "keys", func(ops admin.Operations) (admin.KeysPage, error) {
		return ops.ListKeys(ctx, admin.KeyFilter{Name: "k"})
	})
	same(p, "keys that are found", func(ops admin.Operations) (admin.KeysPage, error) {
		return ops.ListKeys(ctx, admin.KeyFilter{Search: "k", Sort: admin.SortByOwner, Descending: true, Limit: 1})
	})
	same(p, "plan", func(ops admin.Operations) (ration.Plan, error) { return ops.ShowPlan(ctx, "free") })
	same(p, "plans", func(ops admin.Operations) ([]ration.Plan, error) { return ops.ListPlans(ctx, admin.NameFilter{}) })
	same(p, "tokens", func(ops admin.Operations) ([]admin.Token, error) { return ops.ListTokens(ctx, admin.TokenFilter{}) })
	same(p, "usage", func(ops admin.Operations) ([]admin.UsageDay, error) {
		return ops.UsageDays(ctx, admin.UsageFilter{KeyID: id})
	})
	same(p, "traffic", func(ops admin.Operations) (admin.TrafficReport, error) {
		return ops.Traffic(ctx, admin.TrafficQuestion{By: []admin.UsageGroup{admin.ByHour, admin.ByVia, admin.ByCode}, Zone: "UTC", Limit: 3})
	})
	entries := same(p, "audit", func(ops admin.Operations) ([]admin.AuditEntry, error) { return ops.ListAudit(ctx, admin.AuditFilter{}) })
	same(p, "system", func(ops admin.Operations) (admin.Database, error) {
		system, err := ops.System(ctx)
		system.Database.Size = 0 // it grows
		return system.Database, err
	})
	must(p.store.NoteInstance(ctx, admin.ServingInstance{
		Instance: admin.Instance{
			ID: uuid.Must(uuid.NewV7()), Name: "web'%_1", Version: "1.2.0", Revision: "abc", Modified: true, Go: "go1", Platform: "linux/arm64",
			StartedAt: time.Now().Truncate(time.Microsecond), Weakened: []string{"a", "b"},
		},
		Schema: 3, Listeners: []admin.Listener{{Name: "proxy", Address: "[::]:1", TLS: true}, {Name: "api", Address: "127.0.0.1:2"}}, Settings: map[string]string{"lease": "30s"},
	}))
	must(p.store.NoteInstance(ctx, admin.ServingInstance{Instance: admin.Instance{ID: uuid.Must(uuid.NewV7()), Name: "bare", StartedAt: time.Unix(0, 0)}}))
	same(p, "instances", func(ops admin.Operations) ([]admin.ServingInstance, error) {
		instances, err := ops.ListInstances(ctx)
		return instances.Items, err
	})
	same(p, "events", func(ops admin.Operations) ([]admin.Event, error) {
		page, err := ops.ListEvents(ctx, admin.EventFilter{After: 1, Type: admin.EventKeyCreated, Limit: 2})
		for i := range page.Events {
			page.Events[i].Position = 0 // which only the feed has
		}
		return page.Events, err
	})
	same(p, "summary", func(ops admin.Operations) (admin.Summary, error) {
		summary, err := ops.Summary(ctx, admin.SummaryQuestion{Limit: 7})
		summary.Age = 0 // one after the other
		return summary, err
	})
	same(p, "entries of two pages", func(ops admin.Operations) ([]admin.AuditEntry, error) {
		return ops.ListAudit(ctx, admin.AuditFilter{Actor: actor, OldestFirst: true, After: entries[9].Position(), Limit: 4})
	})
	same(p, "meters", func(ops admin.Operations) ([]admin.Meter, error) {
		return ops.ListMeters(ctx, admin.NameFilter{Descending: true, After: "m", Limit: 3})
	})
	same(p, "tokens by name", func(ops admin.Operations) ([]admin.Token, error) {
		return ops.ListTokens(ctx, admin.TokenFilter{ByName: true, Descending: true, Limit: 1})
	})
	same(p, "reservations", func(ops admin.Operations) ([]ration.Reservation, error) {
		return ops.ListReservations(ctx, admin.ReservationFilter{KeyID: id, State: ration.ReservationOpen, OldestFirst: true})
	})
	if len(entries) != 26 || entries[0].Actor != actor {
		t.Errorf("%d audit entries; want 26, all by %s", len(entries), actor)
	}

	_, err = p.remote.UpdateKey(ctx, actor, admin.KeyPatch{ID: id, Plan: new("")})
	must(err)
	must(p.remote.DeletePlan(ctx, actor, "free"))
}

func TestErrorsKeepTheirIdentity(t *testing.T) {
	p := open(t)
	ctx := t.Context()
	if _, err := p.direct.CreatePlan(ctx, actor, admin.NewPlan{Name: "free"}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.direct.CreateKey(ctx, actor, admin.NewKey{Name: "k", Plan: "free"}); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		do   func(admin.Operations) error
		want error
	}{
		{"not found", func(ops admin.Operations) error { _, err := ops.ShowPlan(ctx, "none"); return err }, ration.ErrNotFound},
		{"exists", func(ops admin.Operations) error {
			_, err := ops.CreatePlan(ctx, actor, admin.NewPlan{Name: "free"})
			return err
		}, ration.ErrExists},
		{"conflict", func(ops admin.Operations) error { return ops.DeletePlan(ctx, actor, "free") }, ration.ErrConflict},
	} {
		t.Run(row.name, func(t *testing.T) {
			here, there := row.do(p.direct), row.do(p.remote)
			if !errors.Is(there, row.want) || there.Error() != here.Error() {
				t.Errorf("through the socket %v; here %v", there, here)
			}
		})
	}
	_, err := p.remote.CreateKey(ctx, actor, admin.NewKey{Name: "a\nb"})
	invalid, ok := errors.AsType[*ration.InvalidError](err)
	if !ok || invalid.Field != "name" || !strings.Contains(err.Error(), `name is "a\nb"`) {
		t.Errorf("error %v; want the InvalidError of the name", err)
	}
	_, err = p.remote.CreateKey(ctx, "", admin.NewKey{Name: "k"})
	if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || invalid.Field != "actor" {
		t.Errorf("error %v; want one about the actor", err)
	}
}

func TestSocketIsItsOwnersAlone(t *testing.T) {
	p := open(t)
	path, err := adminsock.Path(p.path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if path != p.path+".sock" || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("%s has mode %s; want %s.sock with 0600", path, info.Mode(), p.path)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(p.path), ".s*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestSocketGoesWithItsServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := adminsock.Dial(t.Context(), path); !errors.Is(err, adminsock.ErrNoServer) {
		t.Errorf("without a server: %v", err)
	}
	stop := serve(t, path, nil)
	if _, err := adminsock.Dial(t.Context(), path); err != nil {
		t.Error(err)
	}
	stop()
	if _, err := os.Lstat(path + ".sock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestStaleSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dead, err := net.Listen("unix", path+".sock")
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil { // as a killed server leaves it
		t.Fatal(err)
	}
	if _, err := adminsock.Dial(t.Context(), path); !errors.Is(err, adminsock.ErrNoServer) {
		t.Errorf("at a dead server's socket: %v", err)
	}
	serve(t, path, nil)
	if _, err := adminsock.Dial(t.Context(), path); err != nil {
		t.Error(err)
	}
}

func TestWhatIsNoSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path+".sock", []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if listener, err := adminsock.Listen(t.Context(), path); err == nil {
		t.Errorf("listening at %s", listener.Addr())
	}
	if content, err := os.ReadFile(path + ".sock"); err != nil || string(content) != "somebody's" {
		t.Errorf("the file is %q (%v)", content, err)
	}
}

// halting answers no change before the test ends its server.
type halting struct {
	admin.Operations
	asked chan struct{}
}

func (h halting) DisableKey(ctx context.Context, _ string, _ ration.KeyID) (admin.KeyRecord, error) {
	close(h.asked)
	<-ctx.Done()
	return admin.KeyRecord{}, ctx.Err()
}

func TestServerThatEndsBeforeItsAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ops := halting{asked: make(chan struct{})}
	listener, err := adminsock.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: adminsock.NewHandler(ops), ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }()
	remote, err := adminsock.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-ops.asked
		_ = server.Close()
	}()
	if _, err := remote.DisableKey(t.Context(), actor, ration.NewKeyID()); !errors.Is(err, ration.ErrOutcomeUnknown) {
		t.Errorf("a change without an answer: %v; want its outcome unknown", err)
	}
	if _, err := remote.ListPlans(t.Context(), admin.NameFilter{}); !errors.Is(err, ration.ErrStoreUnavailable) {
		t.Errorf("after the end: %v; want the store unavailable", err)
	}
}
