package console

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerAudit() { c.get("/audit", c.audit) }

const entriesOnPage = 50

// auditActions are those that the page suggests.
var auditActions = []string{
	"key.create", "key.update", "key.disable", "key.enable", "key.revoke", "key.rotate", "key.add_secret", "key.revoke_secret", "key.reset", "key.import", "key.repair",
	"key.ask", "key.approve", "key.reject", "key.create_pickup", "key.pick_up",
	"usage.import", "plan.create", "plan.update", "plan.delete", "meter.set", "token.create", "token.revoke", "session.begin", "session.end", "login_link.create", "webhook.create", "webhook.update", "webhook.rotate_secret", "webhook.delete", "webhook.replay", "webhook.replay_dead", "job.start", "job.cancel",
}

// auditPage is what the page shows.
type auditPage struct {
	Target, Action, Actor, Since, Until string
	Actions                             []string
	Rows                                []auditRow
	Filtered, First                     bool
	Pager                               pager
}

// audit shows who changed what, the newest first.
func (c *Console) audit(v *visit) error {
	values := v.r.URL.Query()
	filter, err := auditFilter(values)
	if err != nil {
		return err
	}
	entries, err := v.Operations.ListAudit(v.ctx, filter)
	if err != nil {
		return err
	}
	page := auditPage{
		Target: filter.Target, Action: filter.Action, Actor: filter.Actor, Since: values.Get("since"), Until: values.Get("until"), Actions: auditActions,
		Filtered: filter.Target != "" || filter.Action != "" || filter.Actor != "" || !filter.Since.IsZero() || !filter.Until.IsZero(),
		First:    filter.After == rationadmin.AuditPosition{},
	}
	next := ""
	if len(entries) == filter.Limit {
		entries = entries[:entriesOnPage]
		position, err := json.Marshal(entries[entriesOnPage-1].Position())
		if err != nil {
			return err
		}
		next = base64.RawURLEncoding.EncodeToString(position)
	}
	page.Pager = newPager("/audit", values, next)
	page.Rows = auditRows(entries)
	for i := range page.Rows {
		page.Rows[i].Path = v.targetPath(page.Rows[i].Target)
	}
	v.show(200, "audit", layout{Title: "Audit log", Section: "/audit", Page: page})
	return nil
}

// auditFilter reads the filter that an address has. It asks for one entry more than a page
// has.
func auditFilter(values url.Values) (rationadmin.AuditFilter, error) {
	text := func(field string) string { return strings.TrimSpace(values.Get(field)) }
	filter := rationadmin.AuditFilter{Target: text("target"), Action: text("action"), Actor: text("actor"), Limit: entriesOnPage + 1}
	var err error
	if filter.Since, err = parseTime("since", text("since")); err != nil {
		return filter, err
	}
	if filter.Until, err = parseTime("until", text("until")); err != nil {
		return filter, err
	}
	if len(text("until")) == len(time.DateOnly) {
		filter.Until = filter.Until.AddDate(0, 0, 1) // people mean the whole day
	}
	if after := values.Get("after"); after != "" {
		position, err := base64.RawURLEncoding.DecodeString(after)
		if err == nil {
			err = json.Unmarshal(position, &filter.After)
		}
		if err != nil {
			return filter, &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
	}
	return filter, nil
}

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

// group writes the amounts of limits as pages write them elsewhere.
func (c *auditChange) group() {
	for _, values := range [][]auditValue{c.Old, c.New} {
		for i := range values {
			values[i].Text = grouped(values[i].Text)
		}
	}
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
		rows[i] = auditRow{AuditEntry: entries[i]}
		rows[i].readDetails()
	}
	return rows
}

// targetPath returns the page of a target; empty: the visitor sees none.
func (v *visit) targetPath(target string) string {
	if id, err := ration.ParseKeyID(target); err == nil {
		return keyPath(id)
	}
	switch kind, name, _ := strings.Cut(target, ":"); kind {
	case "plan":
		return planPath(name)
	case "token":
		if v.Admin() {
			return "/tokens"
		}
	case "session", "login_link":
		if v.Admin() {
			return "/sessions"
		}
	case "webhook":
		return "/webhooks/" + name
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
		change := auditChange{fieldName(name), valuesOf(fields[name].Old), valuesOf(fields[name].New)}
		if kind, _, _ := strings.Cut(name, "."); strings.Contains(kind, "limit") || strings.Contains(kind, "override") {
			change.group()
		}
		r.Changes = append(r.Changes, change)
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
