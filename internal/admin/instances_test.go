package admin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

// note lets an instance say that it runs.
func (o *office) note(name string, configure func(*admin.ServingInstance)) admin.ServingInstance {
	o.Helper()
	instance := admin.ServingInstance{
		Instance: admin.Instance{ID: uuid.Must(uuid.NewV7()), Name: name, Version: "1.2.0", StartedAt: noon},
		Settings: map[string]string{"lease": "30s", "history_days": "1100"},
	}
	if configure != nil {
		configure(&instance)
	}
	if err := o.store.NoteInstance(o.Context(), instance); err != nil {
		o.Fatal(err)
	}
	return instance
}

func TestAnInstanceIsLostAfter30Seconds(t *testing.T) {
	o := open(t)
	o.note("b", nil)
	o.note("a", func(i *admin.ServingInstance) { i.StartedAt = noon.Add(time.Second) })
	o.note("a", nil)
	for _, row := range []struct {
		after time.Duration
		lost  bool
	}{
		{0, false},
		{30 * time.Second, false},
		{30*time.Second + time.Microsecond, true},
		{24 * time.Hour, true},
		{-30 * time.Second, false}, // a clock that was ahead has seen it
		{-30*time.Second - time.Microsecond, true},
	} {
		o.set(noon.Add(row.after))
		instances, err := o.ListInstances(t.Context())
		if err != nil || !instances.At.Equal(noon.Add(row.after)) {
			t.Fatalf("at %s, %v", instances.At, err)
		}
		var got []string
		for _, i := range instances.Items {
			got = append(got, fmt.Sprint(i.Name, " ", i.StartedAt.Sub(noon), " ", i.Lost))
		}
		lost := fmt.Sprint(row.lost)
		if diff := cmp.Diff([]string{"a 0s " + lost, "a 1s " + lost, "b 0s " + lost}, got); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", row.after, diff)
		}
	}
}

// finding returns what the check of instances has found.
func (o *office) finding() admin.Finding {
	o.Helper()
	findings, err := o.Diagnose(o.Context(), admin.DiagnoseOptions{})
	if err != nil {
		o.Fatal(err)
	}
	for _, finding := range findings {
		if finding.Check == "instances" {
			return finding
		}
	}
	o.Fatal("there is no such check")
	return admin.Finding{}
}

func TestDoctorComparesInstances(t *testing.T) {
	of := func(setting, value string) func(*admin.ServingInstance) {
		return func(i *admin.ServingInstance) { i.Settings = map[string]string{"lease": "30s", setting: value} }
	}
	for _, row := range []struct {
		name  string
		note  func(*office)
		state admin.FindingState
		want  string
	}{
		{"none", func(*office) {}, admin.FindingOK, "none has said that it runs"},
		{"alike", func(o *office) { o.note("a", nil); o.note("b", nil) }, admin.FindingOK, "running: a, b"},
		{"many", func(o *office) {
			for i := range 7 {
				o.note(fmt.Sprint("web-", i), nil)
			}
		}, admin.FindingOK, "running: web-0, web-1, web-2, web-3, web-4, 2 more"},
		{"versions", func(o *office) {
			o.note("a", nil)
			o.note("b", func(i *admin.ServingInstance) { i.Version = "1.3.0" })
			o.note("c", nil)
		}, admin.FindingWarning, "running: a, b, c; the version is 1.2.0 on a, c, 1.3.0 on b"},
		{"builds of one version", func(o *office) {
			o.note("a", func(i *admin.ServingInstance) { i.Revision = "0123456789abcdef" })
			o.note("b", func(i *admin.ServingInstance) { i.Revision, i.Modified = "0123456789abcdef", true })
		}, admin.FindingWarning, "running: a, b; the version is 1.2.0 (0123456789ab) on a, 1.2.0 (0123456789ab) with changes on b"},
		{"settings", func(o *office) {
			o.note("a", of("history_days", "1100"))
			o.note("b", of("history_days", "30"))
			o.note("c", of("audit_log_days", "1"))
		}, admin.FindingWarning, "running: a, b, c; audit_log_days is not known on a, b, 1 on c; history_days is not known on c, 1100 on a, 30 on b"},
		{"one that is lost may be of another version", func(o *office) {
			o.note("old", func(i *admin.ServingInstance) { i.Version = "1.1.0" })
			o.set(noon.Add(time.Minute))
			o.note("new", nil)
		}, admin.FindingOK, "running: new; not seen any more, and not stopped in order: old"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := open(t)
			row.note(o)
			finding := o.finding()
			if finding.State != row.state || finding.Detail != row.want || (finding.Advice == "") != (row.state == admin.FindingOK) {
				t.Errorf("found %+v\nwant %s, %s", finding, row.state, row.want)
			}
		})
	}
}
