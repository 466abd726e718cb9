package manual

import (
	"fmt"
	"strings"
	"unicode"
)

// roff is the text of a page in the language of man(7).
type roff struct{ text strings.Builder }

// section begins a section.
func (r *roff) section(title string) { r.macro("SH", title) }

// macro writes a macro with its arguments.
func (r *roff) macro(name string, args ...string) {
	r.text.WriteString("." + name)
	for _, arg := range args {
		r.text.WriteString(` "` + strings.ReplaceAll(escape(arg), `"`, `\(dq`) + `"`)
	}
	r.text.WriteString("\n")
}

// line writes a line of text.
func (r *roff) line(text string) {
	escaped := escape(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		escaped = `\&` + escaped // it would be taken for a macro
	}
	r.text.WriteString(escaped + "\n")
}

func (r *roff) bold(text string) { r.macro("B", text) }

// item writes a name and what it means.
func (r *roff) item(name, meaning string) {
	r.macro("TP")
	r.bold(name)
	r.line(meaning)
}

// paragraphs writes a help text: paragraphs, which are filled, and between them
// blocks of indented lines, which stay as they are.
func (r *roff) paragraphs(text string) {
	for i, block := range strings.Split(text, "\n\n") {
		switch {
		case strings.HasPrefix(block, " "):
			r.verbatim(block)
			continue
		case i > 0:
			r.macro("PP")
		}
		for line := range strings.Lines(block) {
			line = strings.TrimRight(line, "\n")
			if strings.HasPrefix(line, " ") {
				r.macro("br")
			}
			r.line(line)
		}
	}
}

// verbatim writes lines as they are, without the indentation of help texts.
func (r *roff) verbatim(text string) {
	r.macro("PP")
	r.macro("RS", "4")
	r.macro("nf")
	for line := range strings.Lines(text) {
		r.line(strings.TrimPrefix(strings.TrimRight(line, "\n"), "  "))
	}
	r.macro("fi")
	r.macro("RE")
}

// escape keeps backslashes, and hyphens that people copy, from being changed, and
// writes by number what not every formatter reads.
func escape(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			escaped.WriteString(`\e`)
		case r == '-':
			escaped.WriteString(`\-`)
		case r > unicode.MaxASCII:
			fmt.Fprintf(&escaped, `\[u%04X]`, r)
		default:
			escaped.WriteRune(r)
		}
	}
	return escaped.String()
}
