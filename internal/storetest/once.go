package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var onceTests = []contractTest{
	{"a change that is asked for again is made once, and keeps its answer", testOnce},
	{"a change that failed is made when it is asked for again", testOnceAfterFailure},
	{"an answer is kept for 24 hours", testOnceRetention},
	{"of changes at the same moment one is made, and all have its answer", testOnceAtTheSameMoment},
}

// once returns a context in which a change is made once, and its Once.
func (f *fixture) once() (context.Context, *admin.Once) {
	once := &admin.Once{ID: sha256.Sum256([]byte(uniqueName())), Request: sha256.Sum256([]byte("what is asked for"))}
	once.Seal = func(result any) ([]byte, error) {
		text, err := json.Marshal(result)
		return append([]byte("sealed: "), text...), err
	}
	return admin.WithOnce(f.Context(), once), once
}

// wantRepeated checks that a change was not made, and that the answer to its result is
// there.
func (f *fixture) wantRepeated(doing string, err error, once *admin.Once, result any) {
	f.Helper()
	repeated, ok := errors.AsType[*admin.RepeatedError](err)
	if !ok {
		f.Fatalf("%s again: %v, want a RepeatedError", doing, err)
	}
	want, err := once.Seal(result)
	f.wantError(err, nil)
	if repeated.Request != once.Request || string(repeated.Answer) != string(want) {
		f.Errorf("%s again: request %x, answer %s;\nwant %x, %s", doing, repeated.Request, repeated.Answer, once.Request, want)
	}
}

// twice makes a change twice.
func twice[Result any](f *fixture, doing string, change func(context.Context) (Result, error)) {
	f.Helper()
	ctx, once := f.once()
	f.wantError(f.Store.CheckOnce(ctx), nil)
	result, err := change(ctx)
	if err != nil {
		f.Fatalf("%s: %v", doing, err)
	}
	_, err = change(ctx)
	f.wantRepeated(doing, err, once, result)
	f.wantRepeated(doing, f.Store.CheckOnce(ctx), once, result)
}

func testOnce(f *fixture) {
	owner, plan, token := uniqueName(), uniqueName(), uniqueName()
	created := newKey(func(change *admin.KeyChange) { change.Key.Owner = owner })
	twice(f, "creating a key", func(ctx context.Context) (admin.KeyRecord, error) { return f.Store.CreateKey(ctx, created) })
	keys, err := f.Store.ListKeys(f.Context(), admin.KeyFilter{Owner: owner})
	f.wantError(err, nil)
	if len(keys.Keys) != 1 {
		f.Fatalf("%d keys were created, want 1", len(keys.Keys))
	}
	id, changes := keys.Keys[0].ID, 0
	twice(f, "changing a key", func(ctx context.Context) (admin.KeyRecord, error) {
		return f.Store.UpdateKey(ctx, id, func(change *admin.KeyChange) error {
			changes++
			change.Key.Name = uniqueName()
			change.Audit = entry("key.update", id.String())
			return nil
		})
	})
	resets := 0
	twice(f, "resetting a key", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, f.Store.ResetUsage(ctx, id, func(change *admin.UsageReset) error {
			resets++
			change.Audit = entry("key.reset", id.String())
			return nil
		})
	})
	f.want("changes and resets that were made", []int{1, 1}, []int{changes, resets})
	f.want("audit entries of the key", 3, len(f.audit(admin.AuditFilter{Target: id.String()})))
	twice(f, "creating a plan", func(ctx context.Context) (ration.Plan, error) {
		return f.Store.CreatePlan(ctx, func(change *admin.PlanChange) error {
			change.Plan = ration.Plan{Name: plan, CreatedAt: change.Now, UpdatedAt: change.Now}
			change.Audit = entry("plan.create", "plan:"+plan)
			return nil
		})
	})
	twice(f, "creating a token", func(ctx context.Context) (admin.Token, error) {
		return f.Store.CreateToken(ctx, admin.Token{ID: uuid.Must(uuid.NewV7()), Name: token, Scopes: []string{"read"}},
			ration.NewSecret("rk").Digest(nil), entry("token.create", "token:"+token))
	})
	f.want("tokens that were created", 1, len(f.tokensNamed(token)))
}

func testOnceAfterFailure(f *fixture) {
	ctx, once := f.once()
	name, refused := uniqueName(), errors.New("refused by the caller")
	create := func(err error) (ration.Plan, error) {
		return f.Store.CreatePlan(ctx, func(change *admin.PlanChange) error {
			change.Plan = ration.Plan{Name: name, CreatedAt: change.Now, UpdatedAt: change.Now}
			change.Audit = entry("plan.create", "plan:"+name)
			return err
		})
	}
	_, err := create(refused)
	f.wantError(err, refused)
	plan, err := create(nil)
	f.wantError(err, nil)
	_, err = create(nil)
	f.wantRepeated("creating a plan", err, once, plan)
}

func testOnceRetention(f *fixture) {
	ctx, once := f.once()
	name := uniqueName()
	create := func() (admin.Token, error) {
		return f.Store.CreateToken(ctx, admin.Token{ID: uuid.Must(uuid.NewV7()), Name: name, Scopes: []string{"read"}},
			ration.NewSecret("rk").Digest(nil), entry("token.create", "token:"+name))
	}
	token, err := create()
	f.wantError(err, nil)
	f.advance(admin.AnswerRetention)
	_, err = create()
	f.wantRepeated("creating a token", err, once, token)
	f.advance(time.Microsecond)
	f.wantError(f.Store.CheckOnce(ctx), nil)
	_, err = create()
	f.wantError(err, ration.ErrExists) // it is asked for anew
}

func testOnceAtTheSameMoment(f *fixture) {
	ctx, once := f.once()
	name := uniqueName()
	stores := f.instances(2)
	const calls = 6
	var made [calls]ration.Plan
	var errs [calls]error
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			made[i], errs[i] = stores[i%len(stores)].CreatePlan(ctx, func(change *admin.PlanChange) error {
				change.Plan = ration.Plan{Name: name, CreatedAt: change.Now, UpdatedAt: change.Now}
				change.Audit = entry("plan.create", "plan:"+name)
				return nil
			})
		})
	}
	all.Wait()
	plan, err := f.Store.Plan(f.Context(), name)
	f.wantError(err, nil)
	first := 0
	for i, err := range errs {
		if err == nil {
			first++
			f.want("plan as created", plan, made[i])
			continue
		}
		f.wantRepeated("creating a plan", err, once, plan)
	}
	f.want("calls that made the plan", 1, first)
	f.want("audit entries", 1, len(f.audit(admin.AuditFilter{Target: "plan:" + name})))
}
