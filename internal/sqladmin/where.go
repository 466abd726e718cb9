package sqladmin

import "strings"

// Where is a WHERE clause that grows. Its parts are constants; what a caller gave
// is in Args only. The zero value selects all.
type Where struct {
	parts []string
	Args  []any
}

// And adds a condition on a value, such as "name = ?".
func (w *Where) And(part string, value any) {
	w.parts = append(w.parts, part)
	w.Args = append(w.Args, value)
}

// Always adds a condition without a value, as a partial index wants it.
func (w *Where) Always(part string) { w.parts = append(w.parts, part) }

// SQL returns the clause with a space before it.
func (w *Where) SQL() string {
	if len(w.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.parts, " AND ")
}

// andText adds an equality with a text, unless it is empty.
func (w *Where) andText(column, text string) {
	if text != "" {
		w.And(column+" = ?", text)
	}
}
