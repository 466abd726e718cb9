package keyimport

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// EntryColumn is the column of a [Table] from [ReadEnvironment] that holds the
// names of the object's entries, which usually are the secrets.
const EntryColumn = "$key"

// ReadEnvironment reads a variable of an environment file. Its value, on one
// line and in quotes or not, is a JSON object of which each entry is a key:
//
//	API_KEYS={"secret": {"name": "Ada", "can_change_model": true}}
//
// The fields of the entries are the columns. Errors name the line, and the byte
// of the value at which the JSON is broken.
func ReadEnvironment(r io.Reader, variable string) (*Table, error) {
	text, err := readText(r)
	if err != nil {
		return nil, err
	}
	value, line, err := findVariable(string(text), variable)
	if err != nil {
		return nil, fmt.Errorf("reading variable %q: %w", variable, err)
	}
	table, err := readEntries(value, line)
	if err != nil {
		return nil, fmt.Errorf("reading variable %q: line %d: %w", variable, line, err)
	}
	return table, nil
}

// findVariable refuses a variable that is set twice: readers of such files differ
// on which one counts.
func findVariable(text, variable string) (value string, line int, err error) {
	number := 0
	for content := range strings.Lines(text) {
		number++
		content = strings.TrimPrefix(strings.TrimSpace(content), "export ")
		name, rest, found := strings.Cut(content, "=")
		if !found || strings.TrimSpace(name) != variable {
			continue
		}
		if line != 0 {
			return "", 0, fmt.Errorf("it is set on line %d and again on line %d", line, number)
		}
		value, line = unquote(strings.TrimSpace(rest)), number
	}
	if line == 0 {
		return "", 0, fmt.Errorf("the file does not set it")
	}
	// encoding/json would replace the bytes, and so change a secret silently.
	if !utf8.ValidString(value) {
		return "", 0, fmt.Errorf("line %d: use valid UTF-8", line)
	}
	return value, line, nil
}

// unquote takes quotes off. As in a shell, only double quotes have escapes.
func unquote(value string) string {
	if len(value) < 2 || value[0] != value[len(value)-1] {
		return value
	}
	switch inner := value[1 : len(value)-1]; value[0] {
	case '\'':
		return inner
	case '"':
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(inner)
	}
	return value
}
