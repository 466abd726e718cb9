package keyimport

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ration-dev/ration"
)

// ReadCSV reads comma-separated values (RFC 4180; lines end in LF or CRLF) whose
// first row names the columns. If that row has semicolons or tabs and fewer commas,
// they separate. Every row must have as many cells as the first. Errors name the line.
func ReadCSV(r io.Reader) (*Table, error) {
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	if err := checkUTF8(text); err != nil {
		return nil, err
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = separatorOf(text)
	columns, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("reading CSV: there is no header row")
	}
	if err != nil {
		return nil, csvError(err)
	}
	if err := checkHeader(columns); err != nil {
		return nil, err
	}
	table := &Table{columns: columns}
	for {
		values, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return table, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		line, _ := reader.FieldPos(0)
		table.rows = append(table.rows, row{line: line, cells: asCells(values)})
	}
}

// separatorOf returns what separates the cells of the first row: of the usual
// separators the one that is there most often, outside quotes.
func separatorOf(text []byte) rune {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, "\r\n"), []byte("\n"))
	found := map[rune]int{}
	quoted := false
	for _, c := range string(first) {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			found[c]++
		}
	}
	best := ','
	for _, c := range []rune{';', '\t'} {
		if found[c] > found[best] {
			best = c
		}
	}
	return best
}

// checkHeader names columns by number: a file without a header row has a secret
// where a name should be.
func checkHeader(columns []string) error {
	for i, name := range columns {
		if name == "" || !printable(name) {
			return fmt.Errorf("reading CSV: column %d of the header row: use a name of printable characters", i+1)
		}
		if first := slices.Index(columns, name); first < i {
			return fmt.Errorf("reading CSV: columns %d and %d of the header row have the same name", first+1, i+1)
		}
	}
	return nil
}

func csvError(err error) error {
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("reading CSV: line %d: %w", parse.Line, parse.Err)
	}
	return fmt.Errorf("reading CSV: %w", err)
}

func asCells(values []string) []ration.Secret {
	cells := make([]ration.Secret, len(values))
	for i, value := range values {
		cells[i] = ration.SecretFromText(value)
	}
	return cells
}
