package keyimport

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/ration-dev/ration"
)

// Table is what a file holds, before a [Mapping] says what it means. It is not
// changed after it was read, and prints without its cells.
type Table struct {
	columns []string
	rows    []row
}

// row holds every cell as a secret, since only the mapping knows which are none.
type row struct {
	line  int
	cells []ration.Secret
}

func (t *Table) column(name string) int { return slices.Index(t.columns, name) }

// cell returns the text of a cell; short rows end in empty cells.
func (r row) cell(column int) string {
	if column < 0 || column >= len(r.cells) {
		return ""
	}
	return r.cells[column].Reveal()
}

// readText reads all, without the mark of UTF-8 that some editors put first.
func readText(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

// printable reports whether text is valid UTF-8 without control and
// text-direction characters, which could rewrite a terminal or pose as other text.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' ||
			r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	})
}
