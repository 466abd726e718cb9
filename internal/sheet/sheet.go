// Package sheet has the lists of administration as rows of text: for the tables and the
// CSV of the command line, and the CSV of the admin API, so that both have the same
// columns. Its CSV (RFC 4180) is safe to open in a spreadsheet.
package sheet

import (
	"encoding/csv"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Column is a column of a list of T. A wide one is only in CSV.
type Column[T any] struct {
	Name string // as in JSON
	Wide bool
	Cell func(*T) string
}

// Table is the columns of a list; the first one is what tells a row from others, or is
// sorted by.
type Table[T any] []Column[T]

// Names returns the names of the columns.
func (t Table[T]) Names() []string {
	names := make([]string, len(t))
	for i := range t {
		names[i] = t[i].Name
	}
	return names
}

// Row returns the cells of an item.
func (t Table[T]) Row(item *T) []string {
	cells := make([]string, len(t))
	for i := range t {
		cells[i] = t[i].Cell(item)
	}
	return cells
}

// Writer writes rows as CSV. It is for one goroutine.
type Writer struct{ csv *csv.Writer }

// NewWriter returns a writer of rows. What it writes reaches w by Flush at the latest.
func NewWriter(w io.Writer) *Writer { return &Writer{csv.NewWriter(w)} }

// Write writes a row. Flush returns its error, if it has one.
func (w *Writer) Write(cells []string) {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = Inert(cell)
	}
	_ = w.csv.Write(safe) // Flush returns it
}

// Flush sends what was written on, and returns the first error of all writes.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}

// formulas are what a formula can begin with, and what spreadsheets of East Asian
// languages take for the same.
const formulas = "=+-@\t\r\n＝＋－＠"

// Inert returns a cell that no spreadsheet runs as a formula: with an apostrophe before
// what would begin one, also after spaces, which some programs leave out. A single
// character is none.
func Inert(cell string) string {
	begin := strings.TrimLeftFunc(cell, func(r rune) bool { return unicode.IsSpace(r) && !strings.ContainsRune(formulas, r) || r == '\ufeff' })
	first, size := utf8.DecodeRuneInString(begin)
	if len(begin) > size && strings.ContainsRune(formulas, first) {
		return "'" + cell
	}
	return cell
}
