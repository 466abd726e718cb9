package console

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerSystem() { c.get("/system", c.system) }

// jobsShown is how many of the last jobs the page of the system shows.
const jobsShown = 10

// systemPage is what the page shows.
type systemPage struct {
	System    rationadmin.System
	Instances []rationadmin.ServingInstance
	Schemas   []schemaRow
	Settings  []settingRow
	Differ    int // how many settings are not the same on all instances
	Kept      []keptRow
	Findings  []rationadmin.Finding
	Problems  int // findings that are not all right
	Jobs      []rationadmin.Job
}

// schemaRow says whether an instance fits the tables of the database.
type schemaRow struct {
	Name string
	Has  int64 // the version that it was built for
	Fits bool
}

// settingRow is a setting of all instances, or of each where they differ.
type settingRow struct {
	Name   string
	Value  string // that all have; empty: they differ
	Values []instanceValue
}

// instanceValue is a setting of one instance.
type instanceValue struct{ Instance, Value string }

// keptRow says how long something is kept.
type keptRow struct{ What, For, Setting string }

func (c *Console) system(v *visit) error {
	system, err := v.Operations.System(v.ctx)
	if err != nil {
		return err
	}
	instances, err := v.Operations.ListInstances(v.ctx)
	if err != nil {
		return err
	}
	page := systemPage{System: system, Instances: instances.Items, Settings: settingRows(instances.Items)}
	for i := range instances.Items {
		one := &instances.Items[i]
		page.Schemas = append(page.Schemas, schemaRow{one.Name, one.Schema, one.Schema == system.Database.Schema})
	}
	for _, setting := range page.Settings {
		if setting.Value == "" {
			page.Differ++
		}
	}
	page.Kept = keptRows(page.Settings)
	found, err := c.findings.read(v)
	if err != nil {
		return err
	}
	page.Findings = slices.Clone(found) // others read them too
	slices.SortStableFunc(page.Findings, func(a, b rationadmin.Finding) int { return cmp.Compare(severity(b.State), severity(a.State)) })
	for i := range page.Findings {
		if page.Findings[i].State != rationadmin.FindingOK {
			page.Problems++
		}
	}
	if page.Jobs, err = v.Operations.ListJobs(v.ctx, rationadmin.JobFilter{Limit: jobsShown}); err != nil {
		return err
	}
	v.show(200, "system", layout{Title: "System", Section: "/system", Page: page})
	return nil
}

// severity orders findings: the worst first.
func severity(state rationadmin.FindingState) int {
	return slices.Index([]rationadmin.FindingState{rationadmin.FindingOK, rationadmin.FindingWarning, rationadmin.FindingProblem}, state)
}

// settingRows compares the settings of the instances that are not lost, if there are any.
func settingRows(instances []rationadmin.ServingInstance) []settingRow {
	running := slices.DeleteFunc(slices.Clone(instances), func(i rationadmin.ServingInstance) bool { return i.Lost })
	names := make(map[string]bool)
	for i := range running {
		for name := range running[i].Settings {
			names[name] = true
		}
	}
	rows := make([]settingRow, 0, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		row := settingRow{Name: name}
		same := true
		for i := range running {
			value, known := running[i].Settings[name]
			if !known {
				value = "not known"
			}
			value = cmp.Or(value, "empty")
			row.Values = append(row.Values, instanceValue{running[i].Name, value})
			same = same && value == row.Values[0].Value
		}
		if same {
			row.Value, row.Values = row.Values[0].Value, nil
		}
		rows = append(rows, row)
	}
	return rows
}

// keptRows says how long what is kept, by the settings of the instances as far as they have
// said them.
func keptRows(settings []settingRow) []keptRow {
	days := func(name, usually string) string {
		i := slices.IndexFunc(settings, func(s settingRow) bool { return s.Name == name })
		switch {
		case i < 0:
			return usually + " unless it is set otherwise"
		case settings[i].Value == "":
			return "not the same on all instances"
		case settings[i].Value == "0":
			return "for ever"
		}
		return settings[i].Value + " days"
	}
	return []keptRow{
		{"Keys, plans, lifetime counts, running periods", "for ever", ""},
		{"Usage by day, and answers by hour", days("history_days", "1,100 days"), "history_days"},
		{"Usage by hour", days("usage_hours_days", "90 days"), "usage_hours_days"},
		{"The audit log", days("audit_log_days", "1,100 days"), "audit_log_days"},
		{"The request log", logDays(days("request_log_days", "none is written")), "request_log_days"},
		{"Reservations that have ended", dayText(int(ration.ReservationRetention.Hours()) / 24), ""},
		{"Idempotency keys", dayText(int(ration.IdempotencyRetention.Hours()) / 24), ""},
		{"Sessions that are over, and login links", dayText(int(rationadmin.SessionRetention.Hours()) / 24), ""},
		{"Requests for keys that were rejected or have expired", dayText(int(rationadmin.RequestRetention.Hours()) / 24), ""},
	}
}

// logDays says of the request log that 0 days are none.
func logDays(text string) string {
	if text == "for ever" {
		return "none is written"
	}
	return text
}

func dayText(days int) string {
	if days == 1 {
		return "1 day"
	}
	return strconv.Itoa(days) + " days"
}

// sizeText writes a number of bytes for people.
func sizeText(bytes int64) string {
	const step = 1024
	size, unit := float64(bytes), 0
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	for size >= step && unit < len(units)-1 {
		size, unit = size/step, unit+1
	}
	return strings.TrimSuffix(strconv.FormatFloat(size, 'f', 1, 64), ".0") + " " + units[unit]
}
