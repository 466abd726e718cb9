package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var askedTests = []contractTest{
	{"a request comes back as it was asked for", testAskedRoundTrip},
	{"requests are listed by state, page by page", testAskedList},
	{"requests out of reach are not listed", testAskedReach},
	{"of several who decide at once, one does", testAskedDecidedOnce},
	{"of several who pick up at once, one does", testPickedUpOnce},
	{"a link is good until it ends", testPickupEnds},
	{"a change that fails uses no link up", testPickupFails},
	{"requests that are asked for at the same moment pass no bound", testAskedBounded},
	{"a request that is over is deleted with its key", testAskedDeleted},
	{"a request whose key was used is deleted without it", testAskedDeletedWithoutKey},
	{"links are deleted after their end", testPickupDeleted},
}

func (f *fixture) service() *admin.Service { return admin.New(f.Store, admin.Config{}) }

// ask asks for a key that nobody else in the group asks for.
func (f *fixture) ask(email string) admin.AskedKey {
	f.Helper()
	asked, err := f.service().AskForKey(f.Context(), admin.KeyAsking{Name: "Ann's key", Email: email, Reason: "because"})
	f.wantError(err, nil)
	return asked
}

// noRequests forgets the requests of other tests.
func (f *fixture) noRequests() {
	f.Helper()
	requests, err := f.Store.ListKeyRequests(f.Context(), admin.KeyRequestFilter{State: admin.RequestPending}, admin.Reach{})
	f.wantError(err, nil)
	for _, request := range requests {
		_, err := f.service().RejectKey(f.Context(), "test", admin.KeyRejection{ID: request.KeyID, Reason: "another test begins"})
		f.wantError(err, nil)
	}
}

func (f *fixture) wantRequest(want admin.KeyRequest) {
	f.Helper()
	got, err := f.Store.KeyRequest(f.Context(), want.KeyID)
	f.wantError(err, nil)
	f.want("request", want, got)
}

// wantState asks as whoever has the code does.
func (f *fixture) wantPickup(code ration.Secret, want admin.RequestState) {
	f.Helper()
	state, err := f.service().KeyRequestState(f.Context(), code)
	f.wantError(err, nil)
	f.want("state", want, state.State)
}

func (f *fixture) wantNoPickup(code ration.Secret, want admin.RequestState) {
	f.Helper()
	issued, err := f.service().PickUp(f.Context(), code)
	refused, ok := errors.AsType[*admin.PickupError](err)
	if !ok || refused.State != want || !issued.Secret.IsZero() {
		f.Errorf("picking up got %v, %v; want it to be refused as %s", issued, err, want)
	}
}

// wantUsable charges a secret, as its holder does.
func (f *fixture) wantUsable(secret ration.Secret, id ration.KeyID) {
	f.Helper()
	refs, err := f.Store.ResolveDigests(f.Context(), []ration.Digest{secret.Digest(nil)})
	f.wantError(err, nil)
	f.want("holder of the secret", id, refs[0].KeyID)
}

func testAskedRoundTrip(f *fixture) {
	for _, asking := range []admin.KeyAsking{
		{Name: "Ann", Email: "ann@example.com"},
		{Name: `<script>alert(1)</script>`, Email: `"a b@c"@example.com`, Reason: "x'; DROP TABLE key_requests; --"},
		{Name: "株式会社 😀", Email: "用户@例子.广告", Reason: strings.Repeat("€", admin.MaxReasonLength)},
	} {
		asked, err := f.service().AskForKey(f.Context(), asking)
		f.wantError(err, nil)
		want := admin.KeyRequest{
			KeyID: asked.Request.KeyID, Name: asking.Name, Email: asking.Email, Reason: asking.Reason, State: admin.RequestPending,
			AskedAt: f.now, ExpiresAt: f.now.Add(admin.RequestLife), PickupUntil: f.now.Add(admin.RequestLife),
		}
		f.want("request as it was returned", want, asked.Request)
		f.wantRequest(want)
		key := f.stored(want.KeyID)
		f.want("status of the key", ration.StatusPending, key.Status)
		f.want("secrets of the key", 0, len(key.Secrets))
		entries := f.audit(admin.AuditFilter{Target: want.KeyID.String()})
		if len(entries) != 1 || strings.Contains(string(entries[0].Details), asking.Name) {
			f.Errorf("the audit log has %v; want one entry that does not tell who asks", entries)
		}
		f.wantPickup(asked.Pickup.Code, admin.RequestPending)
		f.wantNoPickup(asked.Pickup.Code, admin.RequestPending)
	}
	_, err := f.Store.KeyRequest(f.Context(), f.key(""))
	f.wantError(err, ration.ErrNotFound)
	_, err = f.Store.PickupLink(f.Context(), ration.Digest{1})
	f.wantError(err, ration.ErrNotFound)
	_, err = f.service().PickUp(f.Context(), ration.NewSecret("rk_pickup"))
	f.wantError(err, ration.ErrNotFound)
}

// requestsIn makes a request in each state and returns their keys.
func (f *fixture) requestsIn(plan string) map[admin.RequestState]ration.KeyID {
	f.Helper()
	ids, service := map[admin.RequestState]ration.KeyID{}, f.service()
	expired := f.ask("late@example.com")
	f.advance(admin.RequestLife)
	ids[admin.RequestExpired] = expired.Request.KeyID
	for _, state := range []admin.RequestState{admin.RequestPending, admin.RequestApproved, admin.RequestRejected, admin.RequestPickedUp, admin.RequestWithdrawn} {
		asked := f.ask(string(state) + "@example.com")
		id := asked.Request.KeyID
		ids[state] = id
		var err error
		switch state {
		case admin.RequestPending:
		case admin.RequestRejected:
			_, err = service.RejectKey(f.Context(), "test", admin.KeyRejection{ID: id, Reason: "no"})
		default:
			_, err = service.ApproveKey(f.Context(), "test", admin.KeyApproval{ID: id, Plan: plan})
		}
		f.wantError(err, nil)
		switch state {
		case admin.RequestPickedUp:
			_, err = service.PickUp(f.Context(), asked.Pickup.Code)
		case admin.RequestWithdrawn:
			_, err = service.RevokeKey(f.Context(), "test", id)
		}
		f.wantError(err, nil)
		if state != admin.RequestPending {
			f.wantPickup(asked.Pickup.Code, state)
		}
	}
	return ids
}

func testAskedList(f *fixture) {
	f.noRequests()
	first := f.requestsIn(f.plan("5/day").Name)
	list := func(filter admin.KeyRequestFilter) (ids []ration.KeyID) {
		f.Helper()
		found, err := f.Store.ListKeyRequests(f.Context(), filter, admin.Reach{})
		f.wantError(err, nil)
		for _, request := range found {
			f.wantRequest(request)
			if filter.State != "" {
				f.want("state", filter.State, request.State)
			}
			ids = append(ids, request.KeyID)
		}
		return ids
	}
	for state, id := range first {
		if found := list(admin.KeyRequestFilter{State: state}); !slices.Contains(found, id) {
			f.Errorf("%s are %v, want them to have %s", state, found, id)
		}
	}
	all := list(admin.KeyRequestFilter{})
	if !slices.IsSortedFunc(all, func(a, b ration.KeyID) int { return slices.Compare(b[:], a[:]) }) {
		f.Errorf("requests are listed as %v, want the newest first", all)
	}
	var pages []ration.KeyID
	for filter := (admin.KeyRequestFilter{Limit: 2}); ; {
		page := list(filter)
		if len(page) == 0 {
			break
		}
		pages, filter.After = append(pages, page...), page[len(page)-1]
	}
	f.want("pages", all, pages)
	f.want("requests in a state that there is none of", 0, len(list(admin.KeyRequestFilter{State: "sold"})))
}

func testAskedReach(f *fixture) {
	f.noRequests()
	plan, other := f.plan("5/day").Name, f.plan("6/day").Name
	ids := f.requestsIn(plan)
	for name, row := range map[string]struct {
		reach admin.Reach
		want  []admin.RequestState
	}{
		"of an owner":     {admin.Reach{Owners: []string{"pending@example.com", "approved@example.com"}}, []admin.RequestState{admin.RequestPending, admin.RequestApproved}},
		"of another":      {admin.Reach{Owners: []string{"o'neil"}}, nil},
		"of a plan":       {admin.Reach{Plans: []string{plan}}, []admin.RequestState{admin.RequestPending, admin.RequestApproved, admin.RequestRejected, admin.RequestPickedUp, admin.RequestWithdrawn, admin.RequestExpired}},
		"of another plan": {admin.Reach{Plans: []string{other}}, []admin.RequestState{admin.RequestPending, admin.RequestRejected, admin.RequestExpired}},
		"of both":         {admin.Reach{Owners: []string{"picked_up@example.com", "rejected@example.com"}, Plans: []string{other}}, []admin.RequestState{admin.RequestRejected}},
	} {
		found, err := f.service().Within(row.reach).ListKeyRequests(f.Context(), admin.KeyRequestFilter{})
		f.wantError(err, nil)
		for state, id := range ids {
			listed := slices.ContainsFunc(found, func(r admin.KeyRequest) bool { return r.KeyID == id })
			if listed != slices.Contains(row.want, state) {
				f.Errorf("%s: a request that is %s is listed: %t", name, state, listed)
			}
			if _, err := f.service().Within(row.reach).ShowKeyRequest(f.Context(), id); (err == nil) != listed {
				f.Errorf("%s: a request that is %s is shown with the error %v", name, state, err)
			}
		}
	}
	narrow := f.service().Within(admin.Reach{Plans: []string{plan}})
	pending := ids[admin.RequestPending]
	_, err := narrow.ApproveKey(f.Context(), "test", admin.KeyApproval{ID: pending, Plan: other})
	f.wantError(err, admin.ErrOutOfReach)
	_, err = f.service().Within(admin.Reach{Owners: []string{"o'neil"}}).RejectKey(f.Context(), "test", admin.KeyRejection{ID: pending, Reason: "no"})
	f.wantError(err, ration.ErrNotFound)
	_, err = narrow.ApproveKey(f.Context(), "test", admin.KeyApproval{ID: pending, Plan: plan})
	f.wantError(err, nil)
}

// atOnce calls do several times at once, each with an instance.
func (f *fixture) atOnce(count int, do func(i int, service *admin.Service) error) []error {
	instances, errs := f.instances(2), make([]error, count)
	var all sync.WaitGroup
	for i := range count {
		all.Go(func() { errs[i] = do(i, admin.New(instances[i%len(instances)], admin.Config{})) })
	}
	all.Wait()
	return errs
}

func testAskedDecidedOnce(f *fixture) {
	plan := f.plan("5/day").Name
	for range 10 {
		id := f.ask("ann@example.com").Request.KeyID
		names := []string{"ada", "bob", "cy", "dee"}
		errs := f.atOnce(len(names), func(i int, service *admin.Service) error {
			if i%2 == 0 {
				_, err := service.ApproveKey(f.Context(), names[i], admin.KeyApproval{ID: id, Plan: plan})
				return err
			}
			_, err := service.RejectKey(f.Context(), names[i], admin.KeyRejection{ID: id, Reason: "no"})
			return err
		})
		won := slices.Index(errs, nil)
		request, err := f.Store.KeyRequest(f.Context(), id)
		f.wantError(err, nil)
		if won < 0 || request.DecidedBy != names[won] || !request.DecidedAt.Equal(f.now) {
			f.Fatalf("the errors are %v, and the request %+v", errs, request)
		}
		for i, err := range errs {
			if i != won && (!errors.Is(err, ration.ErrConflict) || !strings.Contains(err.Error(), names[won])) {
				f.Errorf("%s gets %v; want a conflict that names %s", names[i], err, names[won])
			}
		}
		f.want("audit entries", 2, len(f.audit(admin.AuditFilter{Target: id.String()})))
		if key := f.stored(id); won%2 == 0 && (key.Status != ration.StatusActive || key.Plan != plan || key.Owner != "ann@example.com") || won%2 == 1 && key.Status != ration.StatusRejected {
			f.Errorf("%s has decided, and the key is %+v", names[won], key)
		}
	}
}

func testPickedUpOnce(f *fixture) {
	for range 10 {
		asked := f.ask("ann@example.com")
		_, err := f.service().ApproveKey(f.Context(), "test", admin.KeyApproval{ID: asked.Request.KeyID, Unlimited: true})
		f.wantError(err, nil)
		secrets := make([]ration.Secret, 4)
		errs := f.atOnce(len(secrets), func(i int, service *admin.Service) error {
			issued, err := service.PickUp(f.Context(), asked.Pickup.Code)
			secrets[i] = issued.Secret
			return err
		})
		won := slices.Index(errs, nil)
		if won < 0 {
			f.Fatalf("nobody got the secret: %v", errs)
		}
		for i, err := range errs {
			if refused, ok := errors.AsType[*admin.PickupError](err); i != won && (!ok || refused.State != admin.RequestPickedUp || !secrets[i].IsZero()) {
				f.Errorf("number %d gets %v, %v; want it to be refused", i, secrets[i], err)
			}
		}
		key := f.stored(asked.Request.KeyID)
		f.want("secrets", 1, len(key.Secrets))
		f.want("label", admin.DefaultSecretLabel, key.Secrets[0].Label)
		f.wantUsable(secrets[won], key.ID)
		f.wantPickup(asked.Pickup.Code, admin.RequestPickedUp)
		f.wantNoPickup(asked.Pickup.Code, admin.RequestPickedUp)
		request, err := f.Store.KeyRequest(f.Context(), key.ID)
		f.wantError(err, nil)
		f.want("when it was picked up", f.now, request.PickedUpAt)
	}
}

func testPickupEnds(f *fixture) {
	service := f.service()
	issued, err := service.CreateKey(f.Context(), "test", admin.NewKey{Name: "for Ann", Pickup: true, Label: "laptop"})
	f.wantError(err, nil)
	if issued.Pickup == nil || !issued.Secret.IsZero() || len(issued.Key.Secrets) > 0 {
		f.Fatalf("created %+v, want a link and no secret", issued)
	}
	id, end := issued.Key.ID, issued.Pickup.ExpiresAt
	f.want("end of the link", f.now.Add(admin.PickupLife), end)
	f.wantPickup(issued.Pickup.Code, admin.RequestApproved)
	another, err := service.CreatePickup(f.Context(), "test", admin.NewPickup{ID: id, Label: "phone", ExpiresAt: end.Add(time.Hour)})
	f.wantError(err, nil)
	f.setNow(end)
	f.wantNoPickup(issued.Pickup.Code, admin.RequestExpired)
	f.wantPickup(issued.Pickup.Code, admin.RequestExpired)
	_, err = service.DisableKey(f.Context(), "test", id)
	f.wantError(err, nil)
	f.wantNoPickup(another.Code, admin.RequestWithdrawn)
	_, err = service.CreatePickup(f.Context(), "test", admin.NewPickup{ID: id, Label: "tablet"})
	f.wantError(err, ration.ErrConflict)
	_, err = service.EnableKey(f.Context(), "test", id)
	f.wantError(err, nil)
	got, err := service.PickUp(f.Context(), another.Code)
	f.wantError(err, nil)
	f.wantUsable(got.Secret, id)
	f.want("label", "phone", f.stored(id).Secrets[0].Label)
	_, err = service.CreatePickup(f.Context(), "test", admin.NewPickup{ID: id, Label: "phone"})
	f.wantError(err, ration.ErrExists)
	_, err = service.RevokeKey(f.Context(), "test", id)
	f.wantError(err, nil)
	f.wantNoPickup(issued.Pickup.Code, admin.RequestWithdrawn)
}

// testPickupFails picks up in a transaction that is given up.
func testPickupFails(f *fixture) {
	issued, err := f.service().CreateKey(f.Context(), "test", admin.NewKey{Name: "for Ann", Pickup: true})
	f.wantError(err, nil)
	id, digest, taken := issued.Key.ID, issued.Pickup.Code.Digest(nil), f.secretOf(f.key(""))
	_, err = f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.NewSecrets, change.Asked.PickedUp, change.Audit = []admin.NewSecret{taken}, &digest, entry("key.pick_up", id.String())
		return nil
	})
	f.wantError(err, ration.ErrExists)
	f.wantPickup(issued.Pickup.Code, admin.RequestApproved)
	got, err := f.service().PickUp(f.Context(), issued.Pickup.Code)
	f.wantError(err, nil)
	f.wantUsable(got.Secret, id)
	second := newSecret("second", f.now)
	_, err = f.Store.UpdateKey(f.Context(), id, func(change *admin.KeyChange) error {
		change.NewSecrets, change.Asked.PickedUp, change.Audit = []admin.NewSecret{second}, &digest, entry("key.pick_up", id.String())
		return nil
	})
	if refused, ok := errors.AsType[*admin.PickupError](err); !ok || refused.State != admin.RequestPickedUp {
		f.Errorf("using a link up again got %v", err)
	}
	f.want("secrets", 1, len(f.stored(id).Secrets))
}

// secretOf gives a key a secret and returns it.
func (f *fixture) secretOf(id ration.KeyID) admin.NewSecret {
	f.Helper()
	secret := newSecret("taken", f.now)
	f.updateKey(id, func(change *admin.KeyChange) { change.NewSecrets = []admin.NewSecret{secret} })
	return secret
}

func testAskedBounded(f *fixture) {
	f.noRequests()
	const most = 3
	errFull := errors.New("full")
	ask := func(store Store) error {
		_, err := store.CreateKey(f.Context(), func(change *admin.KeyChange) error {
			waiting, err := change.Asking.Undecided()
			if err != nil {
				return err
			}
			if waiting >= most {
				return errFull
			}
			change.Key.Key = ration.Key{ID: ration.NewKeyID(), Name: "asked for", Status: ration.StatusPending, CreatedAt: change.Now, UpdatedAt: change.Now}
			change.Asked.Request = &admin.KeyRequest{Email: "a@b", AskedAt: change.Now, ExpiresAt: change.Now.Add(time.Hour)}
			change.Audit = entry("key.ask", change.Key.ID.String())
			return nil
		})
		return err
	}
	instances, errs := f.instances(2), make([]error, 12)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { errs[i] = ask(instances[i%len(instances)]) })
	}
	all.Wait()
	kept := 0
	for _, err := range errs {
		switch {
		case err == nil:
			kept++
		case !errors.Is(err, errFull):
			f.Error(err)
		}
	}
	f.want("requests that were kept", most, kept)
	f.advance(time.Hour)
	f.wantError(ask(f.Store), nil) // those have expired
}

// deleteAsked deletes what is kept no longer, on all instances at once.
func (f *fixture) deleteAsked() {
	f.Helper()
	for {
		deleted, err := f.Store.DeleteKeyRequests(f.Context(), f.now)
		f.wantError(err, nil)
		if deleted == 0 {
			return
		}
	}
}

func testAskedDeleted(f *fixture) {
	f.advance(365 * 24 * time.Hour)
	f.deleteAsked() // those of other tests
	ids := f.requestsIn(f.plan("5/day").Name)
	gone := []admin.RequestState{admin.RequestRejected, admin.RequestExpired}
	exists := func(id ration.KeyID) bool {
		_, keyErr := f.Store.Key(f.Context(), id)
		_, err := f.Store.KeyRequest(f.Context(), id)
		if (keyErr == nil) != (err == nil) {
			f.Errorf("key %s is read with the error %v, its request with %v", id, keyErr, err)
		}
		return err == nil
	}
	f.advance(admin.RequestRetention)
	f.deleteAsked()
	for state, id := range ids {
		if !exists(id) {
			f.Errorf("a request that is %s was deleted too early", state)
		}
	}
	f.advance(time.Microsecond)
	deleted, err := f.Store.DeleteKeyRequests(f.Context(), f.now.Add(-time.Hour)) // by a clock that is behind
	f.wantError(err, nil)
	f.want("requests that were deleted by the later clock", 0, deleted)
	before := f.keysExcept(ids)
	f.deleteAsked()
	for state, id := range ids {
		if exists(id) == slices.Contains(gone, state) {
			f.Errorf("a request that is %s exists: %t", state, exists(id))
		}
	}
	f.want("all other keys", before, f.keysExcept(ids))
	found, err := f.Store.ListKeys(f.Context(), admin.KeyFilter{Status: ration.StatusRejected, Limit: 1000})
	f.wantError(err, nil)
	f.want("rejected keys", 0, len(found.Keys))
}

// keysExcept returns all keys but some.
func (f *fixture) keysExcept(ids map[admin.RequestState]ration.KeyID) (others []admin.KeyRecord) {
	f.Helper()
	found, err := f.Store.ListKeys(f.Context(), admin.KeyFilter{Limit: 1000})
	f.wantError(err, nil)
	for _, key := range found.Keys {
		except := false
		for _, id := range ids {
			except = except || key.ID == id
		}
		if !except {
			others = append(others, key)
		}
	}
	return others
}

// testAskedDeletedWithoutKey raises what a key that nobody approved has used, as an import
// from another system does.
func testAskedDeletedWithoutKey(f *fixture) {
	asked := f.ask("ann@example.com")
	id := asked.Request.KeyID
	date := ration.DateID(f.now.UTC().Date())
	_, err := f.service().ImportUsage(f.Context(), "test", admin.UsageImport{Days: []admin.ImportedDay{{KeyID: id, Meter: ration.MeterRequests, Date: date, Used: 3}}})
	f.wantError(err, nil)
	f.advance(admin.RequestLife + admin.RequestRetention + time.Microsecond)
	f.deleteAsked()
	_, err = f.Store.KeyRequest(f.Context(), id)
	f.wantError(err, ration.ErrNotFound)
	f.want("status of the key", ration.StatusPending, f.stored(id).Status)
	_, err = f.service().KeyRequestState(f.Context(), asked.Pickup.Code)
	f.wantError(err, ration.ErrNotFound)
}

func testPickupDeleted(f *fixture) {
	issued, err := f.service().CreateKey(f.Context(), "test", admin.NewKey{Name: "for Ann", Pickup: true})
	f.wantError(err, nil)
	f.setNow(issued.Pickup.ExpiresAt.Add(admin.PickupRetention))
	f.deleteAsked()
	f.wantPickup(issued.Pickup.Code, admin.RequestExpired)
	f.advance(time.Microsecond)
	f.deleteAsked()
	_, err = f.service().KeyRequestState(f.Context(), issued.Pickup.Code)
	f.wantError(err, ration.ErrNotFound)
}
