package keyimport

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ration-dev/ration"
)

// SecretForm says what the column of secrets holds. The zero value is not
// another form: it means [SecretPlain].
type SecretForm string

// The forms.
const (
	SecretPlain  SecretForm = "plain"  // the secrets as clients send them
	SecretSHA256 SecretForm = "sha256" // their SHA-256 digests, 64 hexadecimal digits
)

// Mapping says which columns of a [Table] hold what of a key. Plain data; an empty
// column means that there is none, which only Secret and Name must not be.
type Mapping struct {
	Secret     string            `yaml:"secret"`      // column of the secret
	SecretForm SecretForm        `yaml:"secret_form"` // what that column holds; empty: plain
	Name       string            `yaml:"name"`        // column of the name
	Owner      string            `yaml:"owner"`       // column of the owner, such as an e-mail address
	Plan       string            `yaml:"plan"`        // column of the plan's name; an empty cell: the plan of the whole import
	CreatedAt  string            `yaml:"created_at"`  // column of the creation time; without an offset it is UTC
	Scopes     map[string]string `yaml:"scopes"`      // scope by the boolean column that grants it
	Status     StatusMapping     `yaml:"status"`      // zero: all keys are active

	// Guessed says that nobody wrote the mapping. Then a column that may tell which
	// keys are not active is a problem if nothing reads it.
	Guessed bool `yaml:"-"`
}

// StatusMapping finds a key's status from the values of some columns together.
type StatusMapping struct {
	Columns []string     `yaml:"columns"` // such as approved, is_active
	Rules   []StatusRule `yaml:"rules"`   // the first that matches counts; if none does, the row is wrong
}

// StatusRule gives the status of keys whose columns have these values, in the
// order of the columns. Spellings of a boolean (1, t, true, 0, f, false) equal
// each other.
type StatusRule struct {
	Values []string      `yaml:"values"`
	Status ration.Status `yaml:"status"`
}

// DefaultMapping is the mapping of a table whose columns are called as fields of a
// key, or in a usual other way: secret ("API Key", "token"), name ("label"), and where
// they are there, owner ("email") and created_at. The plan is read only where somebody
// asks for it. The secrets of a JSON object are the names of its entries.
func DefaultMapping(table *Table) Mapping {
	m := Mapping{
		Secret: cmp.Or(table.known(secretNames), "secret"), Name: cmp.Or(table.known(nameNames), "name"),
		Owner: table.known(ownerNames), CreatedAt: table.known(createdAtNames), Guessed: true,
	}
	if table.column(EntryColumn) >= 0 {
		m.Secret = EntryColumn
	}
	return m
}

// validate checks the mapping, and that the table has its columns.
func (m Mapping) validate(table *Table) error {
	if m.Secret == "" || m.Name == "" {
		return fmt.Errorf("mapping columns: secret and name need a column")
	}
	if form := m.SecretForm; form != "" && form != SecretPlain && form != SecretSHA256 {
		return fmt.Errorf("mapping columns: secret form %q: use %q or %q", form, SecretPlain, SecretSHA256)
	}
	for column, scope := range m.Scopes {
		if err := ration.ValidateScope(scope); err != nil {
			return fmt.Errorf("mapping column %q: %w", column, err)
		}
	}
	if err := m.Status.validate(); err != nil {
		return err
	}
	for _, column := range m.columns() {
		if table.column(column) < 0 {
			return table.missing(column)
		}
	}
	return nil
}

func (s StatusMapping) validate() error {
	if len(s.Columns) == 0 && len(s.Rules) > 0 {
		return fmt.Errorf("mapping status: rules need columns")
	}
	for i, rule := range s.Rules {
		if len(rule.Values) != len(s.Columns) {
			return fmt.Errorf("mapping status: rule %d has %d values for %d columns", i+1, len(rule.Values), len(s.Columns))
		}
		if !rule.Status.Valid() {
			return fmt.Errorf("mapping status: rule %d: there is no status %q", i+1, rule.Status)
		}
	}
	return nil
}

// columns lists the columns that are read, in a fixed order.
func (m Mapping) columns() []string {
	all := slices.DeleteFunc([]string{m.Secret, m.Name, m.Owner, m.Plan, m.CreatedAt}, func(name string) bool { return name == "" })
	all = append(all, slices.Sorted(maps.Keys(m.Scopes))...)
	return append(all, m.Status.Columns...)
}

func (s StatusMapping) status(values []string) (ration.Status, bool) {
	if len(s.Columns) == 0 {
		return ration.StatusActive, true
	}
	for _, rule := range s.Rules {
		if slices.EqualFunc(rule.Values, values, sameValue) {
			return rule.Status, true
		}
	}
	return "", false
}

func sameValue(a, b string) bool {
	first, firstErr := strconv.ParseBool(a)
	second, secondErr := strconv.ParseBool(b)
	return a == b || firstErr == nil && secondErr == nil && first == second
}
