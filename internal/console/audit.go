package console

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

// auditRow is an entry of the audit log with what it changed.
type auditRow struct {
	rationadmin.AuditEntry
	Path    string // of the page of what was changed; empty: there is none
	Changes []auditChange
	Raw     string // the details, if they are not as this release writes them
}

// auditChange is a field before and after.
type auditChange struct {
	Field    string
	Old, New []auditValue // none: there was nothing, or there is nothing
}

// auditValue is a value of a field, or a part of it.
type auditValue struct {
	Name string // of the part; empty: it needs none
	Text string
	At   moment // if it is a time; zero: it is none
}

// auditRows reads the details of entries.
func auditRows(entries []rationadmin.AuditEntry) []auditRow {
	rows := make([]auditRow, len(entries))
	for i := range entries {
		rows[i] = auditRow{AuditEntry: entries[i], Path: targetPath(entries[i].Target)}
		rows[i].readDetails()
	}
	return rows
}

// targetPath returns the page of a target.
func targetPath(target string) string {
	if id, err := ration.ParseKeyID(target); err == nil {
		return keyPath(id)
	}
	switch kind, name, _ := strings.Cut(target, ":"); kind {
	case "plan":
		return planPath(name)
	case "token":
		return "/tokens"
	case "session", "login_link":
		return "/sessions"
	case "job":
		return "/jobs/" + name
	}
	return ""
}

// readDetails makes changes of the details of an entry. What an earlier or a later release
// wrote in another form is shown as it is.
func (r *auditRow) readDetails() {
	var fields map[string]struct {
		Old any `json:"old"`
		New any `json:"new"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(r.Details)))
	decoder.DisallowUnknownFields()
	decoder.UseNumber()
	if len(r.Details) == 0 || string(r.Details) == "{}" {
		return
	}
	if err := decoder.Decode(&fields); err != nil {
		r.Raw = string(r.Details)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		r.Changes = append(r.Changes, auditChange{fieldName(name), valuesOf(fields[name].Old), valuesOf(fields[name].New)})
	}
}

// fieldName writes the name of a field for people. Of a secret, its id says them nothing.
func fieldName(name string) string {
	kind, rest, found := strings.Cut(name, ".")
	if found && kind != "secret" {
		return strings.ReplaceAll(kind, "_", " ") + " " + rest
	}
	return strings.ReplaceAll(kind, "_", " ")
}

// valuesOf takes a value apart as far as people need it.
func valuesOf(value any) []auditValue {
	switch value := value.(type) {
	case nil:
		return nil
	case string:
		at, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return []auditValue{{Text: value}}
		}
		return []auditValue{{Text: value, At: moment{Time: at}}}
	case json.Number:
		return []auditValue{{Text: value.String()}}
	case bool:
		return []auditValue{{Text: map[bool]string{true: "yes", false: "no"}[value]}}
	case []any:
		all := []auditValue{}
		for _, item := range value {
			all = append(all, valuesOf(item)...)
		}
		return all
	case map[string]any:
		all := []auditValue{}
		for _, name := range slices.Sorted(maps.Keys(value)) {
			for _, part := range valuesOf(value[name]) {
				if name != "limit" {
					part.Name = strings.ReplaceAll(name, "_", " ")
				}
				all = append(all, part)
			}
		}
		return all
	}
	return nil
}
