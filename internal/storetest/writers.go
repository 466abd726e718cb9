package storetest

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/rationadmin"
)

// Desk is a store with a key that was charged, so that it may be remembered, and its
// administration.
type Desk struct {
	*testing.T
	Harness
	Ops *admin.Service
	admin.IssuedSecret
	token ration.Digest
	other uuid.UUID // a webhook, or a key that was asked for
}

const deskPlan, deskToken = "plan", "token"

// NewDesk makes a key on a plan, and charges it twice.
func NewDesk(t *testing.T, harness Harness) *Desk {
	t.Helper()
	harness.SetNow(noon)
	d := &Desk{T: t, Harness: harness, Ops: admin.New(harness.Store, admin.Config{})}
	for name, limits := range map[string][]string{deskPlan: {"1000/day", "5000 tokens/month", "100/second"}, "other": {"7/day"}} {
		plan := admin.NewPlan{Name: name}
		for _, text := range limits {
			plan.Limits = append(plan.Limits, limitOf(t, text))
		}
		if _, err := d.Ops.CreatePlan(t.Context(), "test", plan); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if d.IssuedSecret, err = d.Ops.CreateKey(t.Context(), "test", admin.NewKey{Name: "key", Plan: deskPlan}); err != nil {
		t.Fatal(err)
	}
	issued, err := d.Ops.CreateToken(t.Context(), "test", admin.NewToken{Name: deskToken, Scopes: []string{admin.ScopeVerify}})
	if err != nil {
		t.Fatal(err)
	}
	d.token = issued.Secret.Digest(nil)
	d.Charge()
	d.Charge()
	return d
}

// Charge charges the key in every way that reads what may be remembered.
func (d *Desk) Charge() ration.Code {
	d.Helper()
	return d.ask(d.Store, ration.Amount{Meter: "tokens", Units: 5}).Code
}

// ChargeRequest charges one request of the key, in the way of nearly all charges.
func (d *Desk) ChargeRequest() ration.Decision {
	d.Helper()
	return d.ask(d.Store)
}

// Preview asks a store what it would say to ChargeRequest.
func (d *Desk) Preview(store Store) ration.Decision {
	d.Helper()
	return d.askAs(store, true)
}

func (d *Desk) ask(store Store, more ...ration.Amount) ration.Decision {
	d.Helper()
	return d.askAs(store, false, more...)
}

func (d *Desk) askAs(store Store, dryRun bool, more ...ration.Amount) ration.Decision {
	d.Helper()
	amounts := append([]ration.Amount{{Meter: ration.MeterRequests, Units: 1}}, more...)
	decisions, err := store.Charge(d.Context(), testbatch.Of(d.T, testbatch.Item{
		Charge:   ration.Charge{KeyID: d.Key.ID, Token: d.token, Amounts: amounts, DryRun: dryRun},
		SecretID: d.SecretID,
	}))
	if err != nil {
		d.Fatal(err)
	}
	return decisions[0]
}

// do does jobs until there is none.
func (d *Desk) do(job admin.NewJob) error {
	ctx := rationadmin.WithOrigin(d.Context(), rationadmin.Origin{TokenID: uuid.Must(uuid.NewV7())})
	if _, err := d.Ops.StartJob(ctx, "test", job); err != nil {
		return err
	}
	run, err := d.Ops.TakeJob(d.Context(), true)
	for goesOn := err == nil && run != nil; goesOn; {
		goesOn, err = run.Step(d.Context())
	}
	return err
}

// Writer is something that writes to the database, and whether it changes what a store may
// remember of keys, tokens and meters. What it prepares may be remembered, too.
type Writer struct {
	Changes bool
	Write   func(ctx context.Context, d *Desk) error
	Prepare func(ctx context.Context, d *Desk) error // nil: nothing
}

// Writers returns all that writes, by name. A test of a store that remembers something has
// each of them write between two charges.
func Writers() map[string]Writer {
	all := maps.Clone(OperationsThatWrite)
	maps.Copy(all, otherWriters)
	return all
}

var aKey = admin.NewKey{Name: "another", Plan: deskPlan}

// OperationsThatWrite are those operations of administration that write something. One
// that is neither here nor in OperationsThatRead fails the test.
var OperationsThatWrite = map[string]Writer{
	"CreateKey": {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.CreateKey(ctx, "test", aKey)) }, nil},
	"UpdateKey": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other")}))
	}, nil},
	"DisableKey": {true, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.DisableKey(ctx, "test", d.Key.ID)) }, nil},
	"EnableKey": {
		true, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.EnableKey(ctx, "test", d.Key.ID)) },
		func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.DisableKey(ctx, "test", d.Key.ID)) },
	},
	"RevokeKey": {true, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.RevokeKey(ctx, "test", d.Key.ID)) }, nil},
	"ResetKey": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ResetKey(ctx, "test", admin.KeyReset{ID: d.Key.ID, Reason: "a test"}))
	}, nil},
	"RotateKey": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.RotateKey(ctx, "test", admin.Rotation{ID: d.Key.ID}))
	}, nil},
	"AddSecret": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.AddSecret(ctx, "test", admin.NewKeySecret{ID: d.Key.ID, Label: "another"}))
	}, nil},
	"RevokeSecret": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.RevokeSecret(ctx, "test", admin.KeySecret{ID: d.Key.ID, SecretID: d.SecretID}))
	}, nil},
	"ApproveKey": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ApproveKey(ctx, "test", admin.KeyApproval{ID: ration.KeyID(d.other), Plan: deskPlan}))
	}, ask},
	"RejectKey": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.RejectKey(ctx, "test", admin.KeyRejection{ID: ration.KeyID(d.other), Reason: "a test"}))
	}, ask},
	"CreatePickup": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.CreatePickup(ctx, "test", admin.NewPickup{ID: d.Key.ID, Label: "picked up"}))
	}, nil},
	"ChangeKeys": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ChangeKeys(ctx, "test", admin.KeysChange{All: true, Action: admin.ActionDisable}))
	}, nil},
	"ImportKeys": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ImportKeys(ctx, "test", admin.KeysImport{Keys: []admin.ImportedKey{{
			Name: "imported", Plan: deskPlan, Status: ration.StatusActive, Secret: ration.SecretFromText("an old secret that is long"),
		}}}))
	}, nil},
	"ImportUsage": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ImportUsage(ctx, "test", admin.UsageImport{Days: d.days()}))
	}, nil},
	"StartJob": {true, func(_ context.Context, d *Desk) error {
		return d.do(admin.NewJob{Change: &admin.KeysChange{All: true, Action: admin.ActionUpdate, Patch: admin.KeyPatch{Owner: new("acme")}}})
	}, nil},
	"CancelJob": {false, func(ctx context.Context, d *Desk) error {
		job, err := d.Ops.StartJob(ctx, "test", admin.NewJob{Usage: &admin.UsageImport{Days: d.days()}})
		if err != nil {
			return err
		}
		return errorOf(d.Ops.CancelJob(ctx, "test", job.ID))
	}, nil},
	"SetMeter": {
		true, func(ctx context.Context, d *Desk) error {
			return errorOf(d.Ops.SetMeter(ctx, "test", admin.MeterUnit{Name: "eur", Unit: 2}))
		},
		func(ctx context.Context, d *Desk) error {
			item := testbatch.Item{Charge: ration.Charge{KeyID: d.Key.ID, DryRun: true, Amounts: []ration.Amount{{Meter: "eur", Units: 1}}}}
			return errorOf(d.Store.Charge(ctx, testbatch.Of(d.T, item))) // which remembers that it has no unit
		},
	},
	"CreatePlan": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.CreatePlan(ctx, "test", admin.NewPlan{Name: "new"}))
	}, nil},
	"UpdatePlan": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.UpdatePlan(ctx, "test", admin.PlanPatch{Name: deskPlan, SetLimits: []ration.Limit{limitOf(d.T, "3/day")}}))
	}, nil},
	"ApplyPlans": {true, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.ApplyPlans(ctx, "test", admin.PlansApply{Plans: []admin.NewPlan{{Name: deskPlan, Limits: []ration.Limit{limitOf(d.T, "3/day")}}}}))
	}, nil},
	"DeletePlan": {
		false, func(ctx context.Context, d *Desk) error { return d.Ops.DeletePlan(ctx, "test", deskPlan) },
		func(ctx context.Context, d *Desk) error {
			return errorOf(d.Ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other")}))
		},
	},
	"CreateToken": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.CreateToken(ctx, "test", admin.NewToken{Name: "another", Scopes: []string{admin.ScopeRead}}))
	}, nil},
	"RevokeToken": {true, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.RevokeToken(ctx, "test", deskToken)) }, nil},
	"CreateLoginLink": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.CreateLoginLink(ctx, "test", admin.NewLoginLink{For: "anna", Scopes: []string{admin.ScopeRead}}))
	}, nil},
	"EndSession": {false, func(ctx context.Context, d *Desk) error {
		begun, err := d.Ops.LogInUser(ctx, admin.User{Name: "anna", Scopes: []string{admin.ScopeRead}}, admin.Login{})
		if err != nil {
			return err
		}
		return errorOf(d.Ops.EndSession(ctx, "test", begun.Session.ID))
	}, nil},
	"CreateWebhook": {false, webhook, nil},
	"UpdateWebhook": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.UpdateWebhook(ctx, "test", admin.WebhookPatch{ID: d.other, Enabled: new(false)}))
	}, webhook},
	"RotateWebhookSecret": {false, func(ctx context.Context, d *Desk) error {
		return errorOf(d.Ops.RotateWebhookSecret(ctx, "test", d.other))
	}, webhook},
	"DeleteWebhook":  {false, func(ctx context.Context, d *Desk) error { return d.Ops.DeleteWebhook(ctx, "test", d.other) }, webhook},
	"ReplayDelivery": {false, func(ctx context.Context, d *Desk) error { return d.replay(ctx) }, webhook},
	"ReplayDead":     {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Ops.ReplayDead(ctx, "test", d.other)) }, webhook},
	"RepairUsage": {true, func(ctx context.Context, d *Desk) error {
		d.SetNow(noon.AddDate(-2, 0, 0))
		return errorOf(d.Ops.RepairUsage(ctx, "test", ration.KeyID{}))
	}, nil},
	"Backup": {false, func(ctx context.Context, d *Desk) error {
		return d.Ops.Backup(ctx, filepath.Join(d.TempDir(), "backup.db"))
	}, nil},
}

// OperationsThatRead write nothing.
var OperationsThatRead = []string{
	"ListKeys", "ShowKey", "CountUnlimited", "ListKeyRequests", "ShowKeyRequest", "FindKeys", "ShowJob", "ListJobs", "ListMeters",
	"ListPlans", "ShowPlan", "PreviewPlan", "ListTokens", "ListSessions", "ListReservations", "UsageDays", "SumUsage", "Traffic",
	"Summary", "ListAudit", "ListEvents", "ListWebhooks", "ShowWebhook", "ListDeliveries", "ExplainKey", "Reconcile", "System",
	"ListInstances", "Diagnose",
}

// otherWriters write without being asked to.
var otherWriters = map[string]Writer{
	"a job that imports usage": {true, func(_ context.Context, d *Desk) error {
		return d.do(admin.NewJob{Usage: &admin.UsageImport{Days: d.days()}})
	}, nil},
	"a next plan that is given": {
		true, func(ctx context.Context, d *Desk) error { return errorOf(d.Store.GiveNextPlans(ctx)) },
		func(ctx context.Context, d *Desk) error {
			_, err := d.Ops.UpdateKey(ctx, "test", admin.KeyPatch{ID: d.Key.ID, Plan: new("other"), FromNextPeriod: true})
			d.SetNow(noon.AddDate(0, 2, 0))
			return err
		},
	},
	"the purge": {false, func(ctx context.Context, d *Desk) error {
		d.SetNow(noon.AddDate(1, 0, 0))
		return d.Purge(ctx, d.Store, 40*24*time.Hour)
	}, nil},
	"the purge of requests":       {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Store.DeleteKeyRequests(ctx, noon)) }, nil},
	"what tells that keys expire": {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Store.TellExpiring(ctx)) }, nil},
	"the words of keys":           {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Store.WriteKeyWords(ctx)) }, nil},
	"the feed of events":          {false, func(ctx context.Context, d *Desk) error { return errorOf(d.Store.PublishEvents(ctx)) }, nil},
	"the use of a token": {false, func(ctx context.Context, d *Desk) error {
		tokens, _, err := d.Store.TokensByDigest(ctx, []ration.Digest{d.token})
		if err != nil {
			return err
		}
		return d.Store.NoteTokenUse(ctx, []uuid.UUID{tokens[0].ID}, noon)
	}, nil},
	"an instance": {false, func(ctx context.Context, d *Desk) error {
		return d.Store.NoteInstance(ctx, admin.ServingInstance{Instance: rationadmin.Instance{ID: uuid.Must(uuid.NewV7())}})
	}, nil},
	"the readiness": {false, func(ctx context.Context, d *Desk) error { return d.Store.Ready(ctx) }, nil},
	"a request for a key that is given up": {true, func(ctx context.Context, d *Desk) error {
		d.SetNow(noon.AddDate(1, 0, 0))
		return errorOf(d.Store.DeleteKeyRequests(ctx, noon.AddDate(1, 0, 0)))
	}, ask},
}

// ask asks for a key, which is then remembered.
func ask(ctx context.Context, d *Desk) error {
	record, err := d.Store.CreateKey(ctx, func(change *admin.KeyChange) error {
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
	return errorOf(d.Store.Charge(ctx, testbatch.Of(d.T, item)))
}

func webhook(ctx context.Context, d *Desk) error {
	issued, err := d.Ops.CreateWebhook(ctx, "test", admin.NewWebhook{URL: "https://hooks.example.com/"})
	d.other = issued.ID
	return err
}

// replay sends again what was never sent, which is not found.
func (d *Desk) replay(ctx context.Context) error {
	_, err := d.Ops.ReplayDelivery(ctx, "test", admin.DeliveryID{WebhookID: d.other, EventID: d.other})
	if errors.Is(err, ration.ErrNotFound) {
		err = nil
	}
	return err
}

func (d *Desk) days() []admin.ImportedDay {
	return []admin.ImportedDay{{Row: 1, KeyID: d.Key.ID, Meter: ration.MeterRequests, Date: ration.DateID(noon.Date()), Used: 500}}
}

func limitOf(t *testing.T, text string) ration.Limit {
	t.Helper()
	limit, err := ration.ParseLimit(text)
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

// errorOf returns the error of a call that returns something else, too.
func errorOf(_ any, err error) error { return err }
