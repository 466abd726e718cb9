package storetest

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

var instanceTests = []contractTest{
	{"an instance comes back as it was noted", testInstanceRoundTrip},
	{"an instance is seen again by the store's clock", testInstanceSeenAgain},
	{"an instance that is forgotten is gone", testForgetInstance},
	{"an instance that was not seen for a day is forgotten", testInstanceRetention},
	{"instances note themselves at the same moment", testInstancesAtOnce},
}

// serving is an instance with something in every field.
func serving(name string) admin.ServingInstance {
	return admin.ServingInstance{
		Instance: admin.Instance{
			ID: uuid.Must(uuid.NewV7()), Name: name, Version: "(devel)", Revision: "abc'", Modified: true, Go: "go1.26", Platform: "linux/amd64",
			StartedAt: noon.Add(-time.Hour), Weakened: []string{`accept_overage "gives" up`, "ß"},
		},
		Schema:    21,
		Listeners: []admin.Listener{{Name: "proxy", Address: "[::]:8080", TLS: true}, {Name: "api", Address: "127.0.0.1:8081"}},
		Settings:  map[string]string{"history_days": "1100", "secret_prefix": "a'b%_\\"},
	}
}

func (f *fixture) note(instance admin.ServingInstance) {
	f.Helper()
	if err := f.Store.NoteInstance(f.Context(), instance); err != nil {
		f.Fatal(err)
	}
}

// noted returns those of some instances that the store knows, in the same order.
func (f *fixture) noted(instances ...admin.ServingInstance) (found []admin.ServingInstance) {
	f.Helper()
	all, now, err := f.Store.Instances(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.want("the store's time", f.now, now.UTC())
	for _, instance := range instances {
		for _, known := range all {
			if known.ID == instance.ID {
				found = append(found, known)
			}
		}
	}
	return found
}

func testInstanceRoundTrip(f *fixture) {
	full := serving(`web-1 a'b%_\"ß😀`)
	bare := admin.ServingInstance{Instance: admin.Instance{ID: uuid.Must(uuid.NewV7()), StartedAt: noon}}
	f.note(full)
	f.note(bare)
	full.SeenAt, bare.SeenAt = f.now, f.now
	f.want("instances", []admin.ServingInstance{full, bare}, f.noted(full, bare))
}

func testInstanceSeenAgain(f *fixture) {
	instance, other := serving("web-1"), serving("web-1")
	f.note(instance)
	f.note(other)
	other.SeenAt = f.now
	for _, step := range []time.Duration{10 * time.Second, -time.Hour, 2 * time.Hour} {
		f.advance(step)
		instance.Version, instance.Settings, instance.Listeners = instance.Version+"+", map[string]string{"lease": step.String()}, instance.Listeners[:1]
		f.note(instance)
		instance.SeenAt = f.now
		f.want("instances", []admin.ServingInstance{instance, other}, f.noted(instance, other))
	}
}

func testForgetInstance(f *fixture) {
	instance, other := serving("web-1"), serving("web-1")
	f.note(instance)
	f.note(other)
	for range 2 { // again, of one that is not known
		if err := f.Store.ForgetInstance(f.Context(), instance.ID); err != nil {
			f.Fatal(err)
		}
		if found := f.noted(instance, other); len(found) != 1 || found[0].ID != other.ID {
			f.Errorf("%+v, want only the other one", found)
		}
	}
	f.note(instance)
	if len(f.noted(instance)) != 1 {
		f.Error("one that was forgotten is not known again")
	}
}

func testInstanceRetention(f *fixture) {
	gone := serving("gone")
	f.note(gone)
	for _, step := range []struct {
		by    time.Duration
		known int
	}{{24 * time.Hour, 1}, {time.Microsecond, 0}} {
		f.advance(step.by)
		f.note(serving("another"))
		if found := f.noted(gone); len(found) != step.known {
			f.Errorf("at %s: %+v", f.now, found)
		}
	}
	ahead := serving("ahead") // seen by a clock that is set right then
	f.note(ahead)
	for _, step := range []struct {
		by    time.Duration
		known int
	}{{-24 * time.Hour, 1}, {-time.Microsecond, 0}} {
		f.advance(step.by)
		f.note(serving("another"))
		if found := f.noted(ahead); len(found) != step.known {
			f.Errorf("at %s: %+v", f.now, found)
		}
	}
}

func testInstancesAtOnce(f *fixture) {
	stores := f.instances(3)
	all := make([]admin.ServingInstance, 12)
	for i := range all {
		all[i] = serving("web")
		f.note(all[i])
	}
	f.advance(24*time.Hour + time.Second) // so that each deletes what the others do
	var notes sync.WaitGroup
	for i, instance := range all {
		notes.Go(func() {
			if err := stores[i%len(stores)].NoteInstance(f.Context(), instance); err != nil {
				f.Error(err)
			}
		})
	}
	notes.Wait()
	found := f.noted(all...)
	if len(found) != len(all) || slices.ContainsFunc(found, func(i admin.ServingInstance) bool { return !i.SeenAt.Equal(f.now) }) {
		f.Errorf("%d instances were seen: %+v", len(found), found)
	}
}
