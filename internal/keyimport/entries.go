package keyimport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ration-dev/ration"
)

// entries reads a JSON object token by token, since decoding into a map would
// hide a secret that is there twice.
type entries struct {
	decoder *json.Decoder
	table   *Table
	line    int
}

func readEntries(text string, line int) (*Table, error) {
	e := &entries{decoder: json.NewDecoder(strings.NewReader(text)), table: &Table{columns: []string{EntryColumn}}, line: line}
	e.decoder.UseNumber()
	if err := e.open("the value must be a JSON object"); err != nil {
		return nil, err
	}
	for e.decoder.More() {
		if err := e.entry(); err != nil {
			return nil, err
		}
	}
	if _, err := e.token(); err != nil {
		return nil, err
	}
	if _, err := e.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("there is more after the JSON object, from byte %d", e.decoder.InputOffset())
	}
	return e.table, nil
}

func (e *entries) entry() error {
	name, err := e.name()
	if err != nil {
		return err
	}
	number := len(e.table.rows) + 1
	if err := e.open(fmt.Sprintf("entry %d must be a JSON object", number)); err != nil {
		return err
	}
	entry := row{line: e.line, cells: []ration.Secret{ration.SecretFromText(name)}}
	seen := map[string]bool{EntryColumn: true}
	for e.decoder.More() {
		if err := e.field(&entry, seen, number); err != nil {
			return err
		}
	}
	e.table.rows = append(e.table.rows, entry)
	_, err = e.token()
	return err
}

func (e *entries) field(entry *row, seen map[string]bool, number int) error {
	name, err := e.name()
	if err != nil {
		return err
	}
	if seen[name] || name == "" || !printable(name) {
		return fmt.Errorf("entry %d: a field's name is empty, not printable, taken or there twice, before byte %d", number, e.decoder.InputOffset())
	}
	seen[name] = true
	token, err := e.token()
	if err != nil {
		return err
	}
	if _, nested := token.(json.Delim); nested {
		return fmt.Errorf("entry %d: a field must hold text, a number, true, false or null, at byte %d", number, e.decoder.InputOffset())
	}
	column := e.table.column(name)
	if column < 0 {
		column = len(e.table.columns)
		e.table.columns = append(e.table.columns, name)
	}
	for len(entry.cells) <= column {
		entry.cells = append(entry.cells, ration.Secret{})
	}
	if token != nil {
		entry.cells[column] = ration.SecretFromText(fmt.Sprint(token))
	}
	return nil
}

func (e *entries) name() (string, error) {
	token, err := e.token()
	name, _ := token.(string) // of a name the decoder returns nothing else
	return name, err
}

func (e *entries) open(otherwise string) error {
	token, err := e.token()
	if err == nil && token != json.Delim('{') {
		err = errors.New(otherwise)
	}
	return err
}

// token leaves out the decoder's own text, which quotes what it read.
func (e *entries) token() (json.Token, error) {
	token, err := e.decoder.Token()
	if err == nil {
		return token, nil
	}
	offset := e.decoder.InputOffset()
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	return nil, fmt.Errorf("broken JSON at byte %d", offset)
}
