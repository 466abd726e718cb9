package keyimport

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

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
	return decode(text)
}

// The marks that editors and spreadsheets put first.
var (
	markUTF8  = []byte("\ufeff")
	markUTF16 = map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian}
)

// decode returns a text in UTF-8 without a mark. It reads UTF-16 with its mark, as
// spreadsheets write "Unicode text".
func decode(text []byte) ([]byte, error) {
	for mark, order := range markUTF16 {
		if !bytes.HasPrefix(text, []byte(mark)) {
			continue
		}
		units := make([]uint16, (len(text)-len(mark))/2)
		for i := range units {
			units[i] = order.Uint16(text[len(mark)+2*i:])
		}
		return []byte(string(utf16.Decode(units))), nil
	}
	if len(text) >= 4 && (text[0] == 0 && text[2] == 0 || text[1] == 0 && text[3] == 0) {
		return nil, errors.New("reading the file: it seems to be UTF-16 without a mark; save it as UTF-8")
	}
	return bytes.TrimPrefix(text, markUTF8), nil
}

// checkUTF8 refuses what would silently become another secret or name.
func checkUTF8(text []byte) error {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if !utf8.Valid(line) {
			return fmt.Errorf("reading the file: line %d is not UTF-8 (perhaps Windows-1252, as older spreadsheets write); save the file as UTF-8", number)
		}
	}
	return nil
}

// printable reports whether text is valid UTF-8 without control and
// text-direction characters, which could rewrite a terminal or pose as other text.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' ||
			r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	})
}
