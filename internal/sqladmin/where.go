package sqladmin

import (
	"slices"
	"strings"

	"github.com/ration-dev/ration/internal/admin"
)

// Where is a WHERE clause to which conditions are added. Its parts are constants;
// values from callers are only in Args. The zero value selects all rows.
type Where struct {
	parts []string
	Args  []any
}

// And adds a condition on values, such as "name = ?".
func (w *Where) And(part string, values ...any) {
	w.parts = append(w.parts, part)
	w.Args = append(w.Args, values...)
}

// Always adds a condition without a value, as a partial index needs it.
func (w *Where) Always(part string) { w.parts = append(w.parts, part) }

// SQL returns the clause with a space before it.
func (w *Where) SQL() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + w.all()
}

// all returns the conditions, of which there is at least one.
func (w *Where) all() string { return strings.Join(w.parts, " AND ") }

// With returns the values of the clause and one that comes after it, such as a
// [Limit].
func (w *Where) With(value any) []any { return append(slices.Clip(w.Args), value) }

// andOneOf adds that a column has one of some texts; nil is no condition.
func (w *Where) andOneOf(column string, texts []string) {
	switch {
	case texts == nil:
	case len(texts) == 0:
		w.Always("1 = 0")
	case len(texts) == 1: // "IN (?)" is a list of keys
		w.And(column+" = ?", texts[0])
	default:
		values := make([]any, len(texts))
		for i, text := range texts {
			values[i] = text
		}
		w.And(column+" IN (?"+strings.Repeat(", ?", len(texts)-1)+")", values...)
	}
}

// andText adds an equality with a text, unless it is empty.
func (w *Where) andText(column, text string) {
	if text != "" {
		w.And(column+" = ?", text)
	}
}

// andRange adds that a column has a key of a range.
func (w *Where) andRange(column string, keys admin.KeyRange) {
	if !keys.After.IsZero() {
		w.And(column+" > ?", keys.After)
	}
	if !keys.Last.IsZero() {
		w.And(column+" <= ?", keys.Last)
	}
}
