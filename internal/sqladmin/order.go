package sqladmin

import (
	"cmp"
	"strings"
)

// order is the order of a list, by columns that are unique together. All of them go the
// same way, so that a page begins where the one before has ended, whatever was written
// meanwhile.
type order struct {
	columns    []string
	descending bool
}

// SQL returns the clause with a space before it.
func (o order) SQL() string {
	direction := ""
	if o.descending {
		direction = " DESC"
	}
	return " ORDER BY " + strings.Join(o.columns, direction+", ") + direction
}

// after adds that rows come after a position, which has a value for each column.
func (w *Where) after(o order, position ...any) {
	comparison := " > "
	if o.descending {
		comparison = " < "
	}
	w.And("("+strings.Join(o.columns, ", ")+")"+comparison+"(?"+strings.Repeat(", ?", len(position)-1)+")", position...)
}

// compare compares two texts as the order sorts them by their bytes.
func (o order) compare(a, b string) int {
	if o.descending {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}
