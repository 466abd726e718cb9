package keyimport

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The names by which columns are known, the surest first, without letter case, spaces,
// "_", "-" and ".".
var (
	secretNames    = []string{"secret", "apikey", "key", "apitoken", "token", "accesskey", "secretkey", "keyvalue"}
	nameNames      = []string{"name", "keyname", "label", "title", "displayname"}
	ownerNames     = []string{"owner", "email", "user", "username", "customer", "account", "userid"}
	createdAtNames = []string{"createdat", "created", "createdon", "creationdate", "createddate"}
	planNames      = []string{"plan", "planname", "tier"}

	usageKeyNames     = []string{"key", "keyid", "apikey", "secret", "token"}
	dateNames         = []string{"date", "day"}
	requestCountNames = []string{"requestcount", "requests", "count", "used"}
	lastRequestNames  = []string{"lastrequestat", "lastusedat", "lastused", "lastrequest"}
	meterNames        = []string{"meter"}
)

// stateNames are columns that may say that a key is not active.
var stateNames = []string{"status", "state", "active", "isactive", "enabled", "isenabled", "disabled", "isdisabled", "revoked", "isrevoked", "revokedat", "deleted", "deletedat", "approved", "isapproved", "banned", "blocked", "suspended", "expired", "expiresat", "expires", "expiry"}

func fold(column string) string {
	return foldColumn.Replace(strings.ToLower(strings.TrimSpace(column)))
}

var foldColumn = strings.NewReplacer(" ", "", "_", "", "-", "", ".", "")

// known returns the column that has one of the names, or "" if none has. The first
// name that is there counts, and of a name the spelling that is nearest to ours.
func (t *Table) known(names []string) string {
	for _, name := range names {
		if t.column(name) >= 0 {
			return name
		}
		for _, column := range t.columns {
			if fold(column) == name {
				return column
			}
		}
	}
	return ""
}

// hasHeader reports whether the first row surely names columns. Otherwise it may be one
// of secrets, and is not shown.
func (t *Table) hasHeader() bool {
	all := slices.Concat(secretNames, nameNames, ownerNames, createdAtNames, planNames, usageKeyNames, dateNames, requestCountNames, lastRequestNames, meterNames)
	return t.known(all) != ""
}

// missing says that there is no column for something, and which columns there are.
func (t *Table) missing(column string) error {
	if !t.hasHeader() {
		return fmt.Errorf("the file has no column %q, and no other that is known: is its first row a header, such as \"secret,name\"? Otherwise say in a --mapping which column contains what", column)
	}
	return fmt.Errorf("the file has no column %q; give one this name, or say in a --mapping which column contains it; there are %s", column, quoted(t.columns))
}

func quoted(names []string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = fmt.Sprintf("%.64q", name)
	}
	return strings.Join(texts, ", ")
}

// Use is what one column of a table was recognised as.
type Use struct{ Field, Column string }

// Uses lists which columns are read as what, in a fixed order.
func (m Mapping) Uses() []Use {
	all := uses(Use{"secret", m.Secret}, Use{"name", m.Name}, Use{"owner", m.Owner}, Use{"plan", m.Plan}, Use{"created_at", m.CreatedAt})
	for _, column := range slices.Sorted(maps.Keys(m.Scopes)) {
		all = append(all, Use{"the scope " + m.Scopes[column], column})
	}
	for _, column := range m.Status.Columns {
		all = append(all, Use{"status", column})
	}
	return all
}

// Uses lists which columns are read as what, in a fixed order.
func (m UsageMapping) Uses() []Use {
	return uses(Use{"key", m.Key}, Use{"date", m.Date}, Use{"request_count", m.RequestCount}, Use{"last_request_at", m.LastRequestAt}, Use{"meter", m.Meter})
}

func uses(all ...Use) []Use {
	return slices.DeleteFunc(all, func(use Use) bool { return use.Column == "" })
}
