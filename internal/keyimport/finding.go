package keyimport

import "fmt"

// Severity says whether a finding stands in the way of an import.
type Severity string

// The severities.
const (
	Warning Severity = "warning" // worth a look; the import can go on
	Problem Severity = "problem" // nothing may be imported until it is gone
)

// Finding is what is wrong in one place of a file. It never shows what stands
// in a cell.
type Finding struct {
	Severity Severity
	Row      int    // from 1, without the header row; 0: the file as a whole
	Line     int    // of the file, from 1; 0 where Row is, and in a database
	Field    string // what of a key it is about, such as "name"; or the column's name
	Reason   string
}

// Error implements error: where, what and why, without the severity.
func (f Finding) Error() string {
	switch {
	case f.Row == 0:
		return fmt.Sprintf("%s: %s", f.Field, f.Reason)
	case f.Line == 0:
		return fmt.Sprintf("row %d, %s: %s", f.Row, f.Field, f.Reason)
	}
	return fmt.Sprintf("row %d (line %d), %s: %s", f.Row, f.Line, f.Field, f.Reason)
}
