package report

import (
	"bytes"
	"fmt"
	"os"
)

// The README's part that is a result's is between these lines.
const (
	begin = "<!-- make bench writes what follows -->\n"
	end   = "<!-- make bench wrote what precedes -->\n"
)

// Section returns the part of a README that is a result's.
func Section(readme []byte) (section string, found bool) {
	_, rest, begun := bytes.Cut(readme, []byte(begin))
	text, _, ended := bytes.Cut(rest, []byte(end))
	return string(text), begun && ended
}

// ReplaceSection writes a result's summary into a README.
func (r *Result) ReplaceSection(path, dir string) error {
	readme, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	section, found := Section(readme)
	if !found {
		return fmt.Errorf("%s lacks the lines %q and %q", path, begin, end)
	}
	old := begin + section + end
	return os.WriteFile(path, bytes.Replace(readme, []byte(old), []byte(begin+r.Summary(dir)+end), 1), 0o644) //nolint:gosec // for everybody to read
}
