package condense

import (
	"context"
	"log" //nolint:depguard // net/http takes no other; its lines go to slog
	"log/slog"
	"strings"
)

// Standard returns a logger for packages that write a line of text for each
// event, as net/http does about connections and panics. Lines that begin alike are
// one kind.
func (l *Log) Standard() *log.Logger { return log.New(lines{l}, "", 0) }

type lines struct{ log *Log }

// Write implements io.Writer: it takes one line, or one with a stack below it.
func (w lines) Write(text []byte) (int, error) {
	first, rest, _ := strings.Cut(strings.TrimRight(string(text), "\n"), "\n")
	var attributes []slog.Attr
	kind := beginning(first)
	if more := strings.TrimLeft(first[len(kind):], " :"); more != "" {
		attributes = append(attributes, slog.String("detail", more))
	}
	if rest != "" {
		attributes = append(attributes, slog.String("stack", rest))
	}
	w.log.Say(context.Background(), slog.LevelWarn, Kind{Message: strings.TrimRight(kind, " :")}, attributes...)
	return len(text), nil
}

// maxBeginning bounds how much of a line is its kind, in bytes.
const maxBeginning = 60

// beginning returns what of a line is fixed text: it ends before the first
// address, number or quoted value, and after the second colon, behind which the
// cause stands ("http: TLS handshake error from 10.0.0.1:5432: EOF").
func beginning(line string) string {
	colons := 0
	for i := range len(line) {
		switch c := line[i]; {
		case i == maxBeginning, c >= '0' && c <= '9' && (i == 0 || line[i-1] == ' '), c == '[', c == '"', c == '@', c == '%':
			return line[:i]
		case c == ':':
			if colons++; colons == 2 {
				return line[:i+1]
			}
		}
	}
	return line
}
