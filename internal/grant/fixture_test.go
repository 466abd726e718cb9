package grant_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// The owners and plans of keys. Those that are out of reach have names that stand in
// no text but what tells of them.
const (
	ownOwner, otherOwner = "acme", "hiddenowner"
	ownPlan, otherPlan   = "free", "hiddenplan"
)

// narrowed is what a token is narrowed to whose keys are within reach.
var narrowed = admin.Reach{Owners: []string{ownOwner}, Plans: []string{ownPlan}}

// office is an administration on a database of its own.
type office struct {
	*testing.T
	service *admin.Service
	store   store
	token   uuid.UUID // of all operations
	made    int
}

// store is a database with keys that are charged.
type store interface {
	admin.Store
	ration.Store
}

// onBothStores runs a test on a file and on PostgreSQL.
func onBothStores(t *testing.T, run func(*office)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(onSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		config := postgres.Config{URL: testdb.Postgres(t)}
		if _, _, err := postgres.Migrate(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		store, err := postgres.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		run(newOffice(t, store, store.Close))
	})
}

// onSQLite returns an office on a file, for what no store can do otherwise.
func onSQLite(t *testing.T) *office {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "ration.db")})
	if err != nil {
		t.Fatal(err)
	}
	return newOffice(t, store, store.Close)
}

func newOffice(t *testing.T, store store, closeStore func() error) *office {
	t.Cleanup(func() {
		if err := closeStore(); err != nil {
			t.Error(err)
		}
	})
	o := &office{T: t, service: admin.New(store, admin.Config{}), store: store, token: uuid.Must(uuid.NewV7())}
	for _, plan := range []string{ownPlan, otherPlan} {
		if _, err := o.service.CreatePlan(t.Context(), "test", admin.NewPlan{Name: plan}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.webhook(); err != nil {
		t.Fatal(err)
	}
	return o
}

// name returns a name that nothing has yet.
func (o *office) name(what string) string {
	o.made++
	return what + "-" + strconv.Itoa(o.made)
}

// operations returns what a token with scopes may do within a reach.
func (o *office) operations(reach admin.Reach, scopes ...string) admin.Operations {
	token := admin.Token{ID: o.token, Name: "tester", Scopes: scopes, Owners: reach.Owners, Plans: reach.Plans}
	return grant.Of(token).Operations(o.service)
}

// target is a key that an operation is aimed at, and what it was made of.
type target struct {
	admin.IssuedSecret
	owner, plan string
	job         uuid.UUID // the token's own if it reaches the key
	asked       ration.KeyID
}

// target makes a key that was used yesterday, has entries in the audit log and a
// reservation, and has no limit.
func (o *office) target(owner, plan string) target {
	o.Helper()
	issued, err := o.service.CreateKey(o.Context(), "test", admin.NewKey{Name: o.name("key-of-" + owner), Owner: owner, Plan: plan})
	if err != nil {
		o.Fatal(err)
	}
	_, err = o.service.ImportUsage(o.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{usedOn(issued.Key.ID, 2)}})
	if err != nil {
		o.Fatal(err)
	}
	hold := testbatch.Item{Charge: ration.Charge{KeyID: issued.Key.ID, Hold: new(ration.Hold{})}}
	if _, err := o.store.Charge(o.Context(), testbatch.Of(o.T, hold)); err != nil {
		o.Fatal(err)
	}
	own := owner == ownOwner && plan == ownPlan
	return target{issued, owner, plan, o.job(own), o.ask(owner, plan, own)}
}

// ask asks for a key. A request for one that a token doesn't reach is approved: before, all
// that says whose it is is the e-mail address.
func (o *office) ask(owner, plan string, pending bool) ration.KeyID {
	o.Helper()
	record, err := o.store.CreateKey(o.Context(), func(change *admin.KeyChange) error {
		change.Key.Key = ration.Key{ID: ration.NewKeyID(), Name: "key-of-" + owner, Status: ration.StatusPending, CreatedAt: change.Now, UpdatedAt: change.Now}
		change.Asked.Request = &admin.KeyRequest{Email: owner, AskedAt: change.Now, ExpiresAt: change.Now.Add(time.Hour)}
		change.Audit = admin.AuditEntry{Actor: "test", Action: "key.ask", Target: "a key"}
		return nil
	})
	if err == nil && !pending {
		_, err = o.service.ApproveKey(o.Context(), "test", admin.KeyApproval{ID: record.ID, Plan: plan, Unlimited: plan == ""})
	}
	if err != nil {
		o.Fatal(err)
	}
	return record.ID
}

// job makes a job that has finished, of the token or of another one.
func (o *office) job(own bool) uuid.UUID {
	o.Helper()
	job := admin.JobRecord{Job: admin.Job{Kind: admin.JobImportKeys, Actor: "test"}, Task: []byte("{}")}
	if job.TokenID = o.token; !own {
		job.TokenID = uuid.Must(uuid.NewV7())
	}
	audit := admin.AuditEntry{Actor: "test", Action: "job.start", Target: "a job"}
	job, err := o.store.CreateJob(o.Context(), job, nil, func(int, int) error { return nil }, audit)
	if err == nil {
		_, err = o.store.CancelJob(o.Context(), job.ID, "", audit)
	}
	if err != nil {
		o.Fatal(err)
	}
	return job.ID
}

// usedOn is a day some days ago on which a key was used.
func usedOn(id ration.KeyID, ago int) admin.ImportedDay {
	date := time.Now().UTC().AddDate(0, 0, -ago).Date
	return admin.ImportedDay{Row: 1, KeyID: id, Meter: ration.MeterRequests, Date: ration.DateID(date()), Used: 3}
}

// all returns everything that administration can change, as text.
func (o *office) all() string {
	o.Helper()
	var state []any
	add := func(value any, err error) {
		if err != nil {
			o.Fatal(err)
		}
		state = append(state, value)
	}
	ctx := context.WithoutCancel(o.Context())
	add(o.service.ListKeys(ctx, admin.KeyFilter{}))
	add(o.service.UsageDays(ctx, admin.UsageFilter{}))
	add(o.service.ListReservations(ctx, admin.ReservationFilter{}))
	add(o.service.ListKeyRequests(ctx, admin.KeyRequestFilter{}))
	add(o.service.ListPlans(ctx, admin.NameFilter{}))
	add(o.service.ListTokens(ctx, admin.TokenFilter{}))
	add(o.store.ListWebhooks(ctx))
	add(o.service.ListAudit(ctx, admin.AuditFilter{}))
	text, err := json.Marshal(state)
	if err != nil {
		o.Fatal(err)
	}
	return string(text)
}
