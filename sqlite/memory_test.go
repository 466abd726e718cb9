package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

// desk is a store with a key that is remembered, and its administration.
type desk struct {
	*testing.T
	*sqlite.Store
	clock *fakeClock
	ops   *admin.Service
	admin.IssuedSecret
	token ration.Digest
	other uuid.UUID // a webhook, or a key that was asked for
}

const deskPlan, deskToken = "plan", "token"

func newDesk(t *testing.T) *desk {
	t.Helper()
	clock := newFakeClock(noon)
	store := open(t, sqlite.Config{Path: newPath(t), Clock: clock.now, UsageDays: 40 * 24 * time.Hour})
	d := &desk{T: t, Store: store, clock: clock, ops: admin.New(store, admin.Config{})}
	createPlan(t, store, deskPlan, "1000/day", "5000 tokens/month", "100/second")
	createPlan(t, store, "other", "7/day")
	var err error
	if d.IssuedSecret, err = d.ops.CreateKey(t.Context(), "test", admin.NewKey{Name: "key", Plan: deskPlan}); err != nil {
		t.Fatal(err)
	}
	issued, err := d.ops.CreateToken(t.Context(), "test", admin.NewToken{Name: deskToken, Scopes: []string{admin.ScopeVerify}})
	if err != nil {
		t.Fatal(err)
	}
	d.token = issued.Secret.Digest(nil)
	d.charge()
	d.charge()
	return d
}

// charge charges the key in every way that reads what may be remembered.
func (d *desk) charge() ration.Code {
	d.Helper()
	decisions, err := d.Charge(d.Context(), testbatch.Of(d.T, testbatch.Item{
		Charge:   ration.Charge{KeyID: d.Key.ID, Token: d.token, Amounts: []ration.Amount{{Meter: ration.MeterRequests, Units: 1}, {Meter: "tokens", Units: 5}}},
		SecretID: d.SecretID,
	}))
	if err != nil {
		d.Fatal(err)
	}
	return decisions[0].Code
}

// do does jobs until there is none.
func (d *desk) do(job admin.NewJob) error {
	ctx := rationadmin.WithOrigin(d.Context(), rationadmin.Origin{TokenID: uuid.Must(uuid.NewV7())})
	if _, err := d.ops.StartJob(ctx, "test", job); err != nil {
		return err
	}
	run, err := d.ops.TakeJob(d.Context(), true)
	for goesOn := err == nil && run != nil; goesOn; {
		goesOn, err = run.Step(d.Context())
	}
	return err
}

// writer is something that writes to the database, and whether it changes what is
// remembered. What it prepares is remembered, too.
type writer struct {
	changes bool
	write   func(ctx context.Context, d *desk) error
	prepare func(ctx context.Context, d *desk) error
}

var aKey = admin.NewKey{Name: "another", Plan: deskPlan}

// operationsThatWrite are those operations of administration that write something. One
// that is neither here nor in operationsThatRead fails the test.
var operationsThatWrite = map[string]writer{
	"CreateKey": {false, func(ctx context.Context, d *desk) error { return errorOf(d.ops.CreateKey(ctx, "test", aKey)) }, nil},
	"UpdateKey": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other")}))
	}, nil},
	"DisableKey": {true, func(ctx context.Context, d *desk) error { return errorOf(d.ops.DisableKey(ctx, "test", d.Key.ID)) }, nil},
	"EnableKey": {
		true, func(ctx context.Context, d *desk) error { return errorOf(d.ops.EnableKey(ctx, "test", d.Key.ID)) },
		func(ctx context.Context, d *desk) error { return errorOf(d.ops.DisableKey(ctx, "test", d.Key.ID)) },
	},
	"RevokeKey": {true, func(ctx context.Context, d *desk) error { return errorOf(d.ops.RevokeKey(ctx, "test", d.Key.ID)) }, nil},
	"ResetKey": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ResetKey(ctx, "test", admin.KeyReset{ID: d.Key.ID, Reason: "a test"}))
	}, nil},
	"RotateKey": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.RotateKey(ctx, "test", admin.Rotation{ID: d.Key.ID}))
	}, nil},
	"AddSecret": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.AddSecret(ctx, "test", admin.NewKeySecret{ID: d.Key.ID, Label: "another"}))
	}, nil},
	"RevokeSecret": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.RevokeSecret(ctx, "test", admin.KeySecret{ID: d.Key.ID, SecretID: d.SecretID}))
	}, nil},
	"ApproveKey": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ApproveKey(ctx, "test", admin.KeyApproval{ID: ration.KeyID(d.other), Plan: deskPlan}))
	}, ask},
	"RejectKey": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.RejectKey(ctx, "test", admin.KeyRejection{ID: ration.KeyID(d.other), Reason: "a test"}))
	}, ask},
	"CreatePickup": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.CreatePickup(ctx, "test", admin.NewPickup{ID: d.Key.ID, Label: "picked up"}))
	}, nil},
	"ChangeKeys": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ChangeKeys(ctx, "test", admin.KeysChange{All: true, Action: admin.ActionDisable}))
	}, nil},
	"ImportKeys": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ImportKeys(ctx, "test", admin.KeysImport{Keys: []admin.ImportedKey{{
			Name: "imported", Plan: deskPlan, Status: ration.StatusActive, Secret: ration.SecretFromText("an old secret that is long"),
		}}}))
	}, nil},
	"ImportUsage": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ImportUsage(ctx, "test", admin.UsageImport{Days: d.days()}))
	}, nil},
	"StartJob": {true, func(_ context.Context, d *desk) error {
		return d.do(admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Owner: new("acme")}}})
	}, nil},
	"CancelJob": {false, func(ctx context.Context, d *desk) error {
		job, err := d.ops.StartJob(ctx, "test", admin.NewJob{Usage: &admin.UsageImport{Days: d.days()}})
		if err != nil {
			return err
		}
		return errorOf(d.ops.CancelJob(ctx, "test", job.ID))
	}, nil},
	"SetMeter": {
		true, func(ctx context.Context, d *desk) error {
			return errorOf(d.ops.SetMeter(ctx, "test", admin.MeterUnit{Name: "eur", Unit: 2}))
		},
		func(ctx context.Context, d *desk) error {
			item := testbatch.Item{Charge: ration.Charge{KeyID: d.Key.ID, DryRun: true, Amounts: []ration.Amount{{Meter: "eur", Units: 1}}}}
			return errorOf(d.Charge(ctx, testbatch.Of(d.T, item))) // which remembers that it has no unit
		},
	},
	"CreatePlan": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.CreatePlan(ctx, "test", admin.NewPlan{Name: "new"}))
	}, nil},
	"UpdatePlan": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.UpdatePlan(ctx, "test", admin.PlanPatch{Name: deskPlan, SetLimits: []ration.Limit{limit(d.T, "3/day")}}))
	}, nil},
	"ApplyPlans": {true, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.ApplyPlans(ctx, "test", admin.PlansApply{Plans: []admin.NewPlan{{Name: deskPlan, Limits: []ration.Limit{limit(d.T, "3/day")}}}}))
	}, nil},
	"DeletePlan": {
		false, func(ctx context.Context, d *desk) error { return d.ops.DeletePlan(ctx, "test", deskPlan) },
		func(ctx context.Context, d *desk) error {
			return errorOf(d.ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other")}))
		},
	},
	"CreateToken": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.CreateToken(ctx, "test", admin.NewToken{Name: "another", Scopes: []string{admin.ScopeRead}}))
	}, nil},
	"RevokeToken": {true, func(ctx context.Context, d *desk) error { return errorOf(d.ops.RevokeToken(ctx, "test", deskToken)) }, nil},
	"CreateLoginLink": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.CreateLoginLink(ctx, "test", admin.NewLoginLink{For: "anna", Scopes: []string{admin.ScopeRead}}))
	}, nil},
	"EndSession": {false, func(ctx context.Context, d *desk) error {
		begun, err := d.ops.LogInUser(ctx, admin.User{Name: "anna", Scopes: []string{admin.ScopeRead}}, admin.Login{})
		if err != nil {
			return err
		}
		return errorOf(d.ops.EndSession(ctx, "test", begun.Session.ID))
	}, nil},
	"CreateWebhook": {false, webhook, nil},
	"UpdateWebhook": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.UpdateWebhook(ctx, "test", admin.WebhookPatch{ID: d.other, Enabled: new(false)}))
	}, webhook},
	"RotateWebhookSecret": {false, func(ctx context.Context, d *desk) error {
		return errorOf(d.ops.RotateWebhookSecret(ctx, "test", d.other))
	}, webhook},
	"DeleteWebhook":  {false, func(ctx context.Context, d *desk) error { return d.ops.DeleteWebhook(ctx, "test", d.other) }, webhook},
	"ReplayDelivery": {false, func(ctx context.Context, d *desk) error { return d.replay(ctx) }, webhook},
	"ReplayDead":     {false, func(ctx context.Context, d *desk) error { return errorOf(d.ops.ReplayDead(ctx, "test", d.other)) }, webhook},
	"RepairUsage": {true, func(ctx context.Context, d *desk) error {
		d.clock.set(noon.AddDate(-2, 0, 0))
		return errorOf(d.ops.RepairUsage(ctx, "test", ration.KeyID{}))
	}, nil},
	"Backup": {false, func(ctx context.Context, d *desk) error {
		return d.ops.Backup(ctx, filepath.Join(d.TempDir(), "backup.db"))
	}, nil},
}

// operationsThatRead write nothing.
var operationsThatRead = []string{
	"ListKeys", "ShowKey", "CountUnlimited", "ListKeyRequests", "ShowKeyRequest", "FindKeys", "ShowJob", "ListJobs", "ListMeters",
	"ListPlans", "ShowPlan", "PreviewPlan", "ListTokens", "ListSessions", "ListReservations", "UsageDays", "SumUsage", "Traffic",
	"Summary", "ListAudit", "ListEvents", "ListWebhooks", "ShowWebhook", "ListDeliveries", "ExplainKey", "Reconcile", "System",
	"ListInstances", "Diagnose",
}

// otherWriters write without being asked to.
var otherWriters = map[string]writer{
	"a job that imports usage": {true, func(_ context.Context, d *desk) error {
		return d.do(admin.NewJob{Usage: &admin.UsageImport{Days: d.days()}})
	}, nil},
	"a next plan that is given": {
		true, func(ctx context.Context, d *desk) error { return errorOf(d.GiveNextPlans(ctx)) },
		func(ctx context.Context, d *desk) error {
			_, err := d.ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other"), FromNextPeriod: true})
			d.clock.set(noon.AddDate(0, 2, 0))
			return err
		},
	},
	"the purge": {false, func(ctx context.Context, d *desk) error {
		d.clock.set(noon.AddDate(1, 0, 0))
		return d.Purge(ctx)
	}, nil},
	"the purge of requests":       {false, func(ctx context.Context, d *desk) error { return errorOf(d.DeleteKeyRequests(ctx, noon)) }, nil},
	"what tells that keys expire": {false, func(ctx context.Context, d *desk) error { return errorOf(d.TellExpiring(ctx)) }, nil},
	"the words of keys":           {false, func(ctx context.Context, d *desk) error { return errorOf(d.WriteKeyWords(ctx)) }, nil},
	"the feed of events":          {false, func(ctx context.Context, d *desk) error { return errorOf(d.PublishEvents(ctx)) }, nil},
	"the use of a token": {false, func(ctx context.Context, d *desk) error {
		tokens, _, err := d.TokensByDigest(ctx, []ration.Digest{d.token})
		if err != nil {
			return err
		}
		return d.NoteTokenUse(ctx, []uuid.UUID{tokens[0].ID}, noon)
	}, nil},
	"an instance": {false, func(ctx context.Context, d *desk) error {
		return d.NoteInstance(ctx, admin.ServingInstance{Instance: rationadmin.Instance{ID: uuid.Must(uuid.NewV7())}})
	}, nil},
	"the readiness": {false, func(ctx context.Context, d *desk) error { return d.Ready(ctx) }, nil},
	"a request for a key that is given up": {true, func(ctx context.Context, d *desk) error {
		d.clock.set(noon.AddDate(1, 0, 0))
		return errorOf(d.DeleteKeyRequests(ctx, noon.AddDate(1, 0, 0)))
	}, ask},
}

// ask asks for a key, which is then remembered.
func ask(ctx context.Context, d *desk) error {
	record, err := d.CreateKey(ctx, func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{ID: ration.NewKeyID(), Name: "asked for", Status: ration.StatusPending, CreatedAt: change.Now, UpdatedAt: change.Now}
		change.Asked.Request = &admin.KeyRequest{Email: "anna@example.com", AskedAt: change.Now, ExpiresAt: change.Now.Add(time.Hour)}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.ask", Target: "a key"}
		return nil
	})
	if err != nil {
		return err
	}
	d.other = uuid.UUID(record.ID)
	item := testbatch.Item{Charge: ration.Charge{KeyID: record.ID, DryRun: true}}
	return errorOf(d.Charge(ctx, testbatch.Of(d.T, item)))
}

func webhook(ctx context.Context, d *desk) error {
	issued, err := d.ops.CreateWebhook(ctx, "test", admin.NewWebhook{URL: "https://hooks.example.com/"})
	d.other = issued.ID
	return err
}

// replay sends again what was never sent, which is not found.
func (d *desk) replay(ctx context.Context) error {
	_, err := d.ops.ReplayDelivery(ctx, "test", admin.DeliveryID{WebhookID: d.other, EventID: d.other})
	if errors.Is(err, ration.ErrNotFound) {
		err = nil
	}
	return err
}

func (d *desk) days() []admin.ImportedDay {
	return []admin.ImportedDay{{Row: 1, KeyID: d.Key.ID, Meter: ration.MeterRequests, Date: ration.DateID(noon.Date()), Used: 500}}
}

func limit(t *testing.T, text string) ration.Limit {
	t.Helper()
	limit, err := ration.ParseLimit(text)
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

// TestEveryOperationIsAWriterOrAReader keeps the tables complete.
func TestEveryOperationIsAWriterOrAReader(t *testing.T) {
	known := make(map[string]int)
	for name := range operationsThatWrite {
		known[name]++
	}
	for _, name := range operationsThatRead {
		known[name]++
	}
	for method := range reflect.TypeFor[rationadmin.Operations]().Methods() {
		if known[method.Name] != 1 {
			t.Errorf("%s stands %d times in the tables of this file, not once", method.Name, known[method.Name])
		}
		delete(known, method.Name)
	}
	for name := range known {
		t.Errorf("%s is no operation", name)
	}
}

// TestWhatIsWrittenIsNotRememberedOtherwise has each writer write between two charges. The
// second one, like all in these tests, holds what is remembered against what is kept. A
// memory that forgets nothing shows that there was something to forget.
func TestWhatIsWrittenIsNotRememberedOtherwise(t *testing.T) {
	for name, w := range writers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prepared := func() *desk {
				d := newDesk(t)
				if w.prepare != nil {
					if err := w.prepare(t.Context(), d); err != nil {
						t.Fatal(err)
					}
					d.charge()
				}
				if keys, _, err := d.Remembered(t.Context()); err != nil || len(keys) == 0 {
					t.Fatalf("%d keys are remembered: %v", len(keys), err)
				}
				return d
			}
			d := prepared()
			if err := w.write(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			if _, err := d.CompareMemory(t.Context()); err != nil {
				t.Error(err)
			}
			d.charge()

			d = prepared()
			if err := d.WithoutForgetting(t.Context(), func() error { return w.write(t.Context(), d) }); err != nil {
				t.Fatal(err)
			}
			if _, err := d.CompareMemory(t.Context()); (err != nil) != w.changes {
				t.Errorf("where nothing is forgotten: %v; it changes what is remembered: %t", err, w.changes)
			}
		})
	}
}

func writers() map[string]writer {
	all := maps.Clone(operationsThatWrite)
	maps.Copy(all, otherWriters)
	return all
}

// TestForeignWritersAreNoticed has another connection write between two charges, as the
// shell of SQLite does.
func TestForeignWritersAreNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	tool, err := sql.Open("sqlite", d.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	write := func(statement string) {
		t.Helper()
		if _, err := tool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		statement string
		want      ration.Code
	}{
		{"UPDATE api_keys SET status = 'disabled'", ration.CodeKeyDisabled},
		{"UPDATE api_keys SET status = 'active'", ration.CodeOK},
		{"UPDATE plan_limits SET quantity = 1 WHERE period = 'day'", ration.CodeQuotaExceeded},
		{"UPDATE key_usage SET used = 0, day_used = 0", ration.CodeOK},
		{"UPDATE api_key_secrets SET revoked_at = 1", ration.CodeKeyRevoked},
		{"UPDATE api_key_secrets SET revoked_at = NULL", ration.CodeQuotaExceeded},
		{"INSERT INTO api_key_limits (api_key_id, meter, kind, period, name, unlimited, quantity, burst) SELECT id, 'requests', 'quota', 'day', '', 1, 0, 0 FROM api_keys", ration.CodeOK},
		{"UPDATE admin_tokens SET revoked_at = 1", ration.CodeTokenInvalid},
	} {
		write(step.statement)
		if code := d.charge(); code != step.want {
			t.Errorf("after %s: %s, want %s", step.statement, code, step.want)
		}
	}
}

// TestOnlyRecentKeysAreRemembered charges more keys than may be remembered.
func TestOnlyRecentKeysAreRemembered(t *testing.T) {
	t.Parallel()
	store := open(t, sqlite.Config{Path: newPath(t)})
	many := make([]string, 2_000)
	for i := range many {
		many[i] = fmt.Sprint("scope-", i)
	}
	most := sqlite.MostParts / len(many) // keys with so many scopes, and less than one more
	ids := make([]ration.KeyID, most+5)
	for i := range ids {
		record, err := store.CreateKey(t.Context(), func(change *admin.KeyChange) error {
			err := newKey("")(change)
			change.Key.Scopes = many
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = record.ID
	}
	for _, id := range ids {
		charge(t, store, ids[0], id)
	}
	keys, parts, err := store.Remembered(t.Context())
	if err != nil || parts > sqlite.MostParts || len(keys) < most-2 || len(keys) >= len(ids) {
		t.Fatalf("%d keys are remembered, with %d parts: %v", len(keys), parts, err)
	}
	newest := slices.Clone(ids[len(ids)-len(keys)+1:])
	slices.Reverse(newest)
	if want := slices.Insert(newest, 1, ids[0]); !slices.Equal(keys, want) {
		t.Errorf("remembered are %v, want %v", keys, want)
	}
}
