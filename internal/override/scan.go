package override

import (
	"bytes"
	"regexp"
	"strings"
)

// scanner looks through a body. It returns how many bytes from the start may be
// passed on, and whether what comes then is one of the words; at the end, last
// is true, and all may be passed on or none. What it keeps back is bounded by
// the caller.
type scanner interface {
	scan(data []byte, last bool) (safe int, found bool)
}

// form looks for names of parameters (application/x-www-form-urlencoded).
type form struct {
	words   Words
	inValue bool
}

func (f *form) scan(data []byte, last bool) (int, bool) {
	for at := 0; ; {
		ends := "=&;"
		if f.inValue {
			ends = "&;"
		}
		length := bytes.IndexAny(data[at:], ends)
		switch {
		case f.inValue && length < 0:
			return len(data), false
		case f.inValue:
			f.inValue = false
			at += length + 1
			continue
		case length < 0 && !last:
			begun := strings.ReplaceAll(string(data[at:min(len(data), at+maxKept+1)]), "+", " ")
			if mayBegin(data[at:]) && f.words.mayBecomeName(unescape(withoutPart(begun, '%'))) {
				return at, false
			}
			f.inValue = true // whatever follows makes no name of it
			continue
		case length < 0:
			length = len(data) - at
		}
		if mayBegin(data[at:at+length]) && f.words.isEncodedName(string(data[at:at+length])) {
			return at, true
		}
		if at += length; at == len(data) {
			return at, false
		}
		f.inValue = data[at] == '='
		at++
	}
}

// parts looks for the names of a multipart body's parts. Which lines are header
// lines depends on the reader, so every line counts that looks like one.
type parts struct{ words Words }

// partName is a parameter "name" in a header's value, quoted or not.
var partName = regexp.MustCompile(`(?i)(^|[^a-z0-9_-])name[ \t]*(\*|=[ \t]*("(?:[^"\\]|\\.)*|'[^']*|[^;\s]*))`)

func (p parts) scan(data []byte, last bool) (int, bool) {
	for at := 0; ; {
		start, value, isID := findHeader(data, at, last)
		if value < 0 {
			return start, false
		}
		end := lineEnd(data, value)
		if end < 0 && !last {
			return start, false
		}
		if end < 0 {
			end = len(data)
		}
		if p.names(string(data[value:end]), isID) {
			return start, true
		}
		at = end
	}
}

// findHeader looks for "Content-Disposition:" or "Content-ID:", by which some
// name a part, and returns where it starts and its value does. If there is none,
// value is less than 0, and what may become one starts at start.
func findHeader(data []byte, from int, last bool) (start, value int, isID bool) {
	const begin = "content"
	for at := from; ; {
		dash := bytes.IndexByte(data[at:], '-')
		if dash < 0 {
			break
		}
		dash += at
		at = dash + 1
		start = dash - len(begin)
		if start < from || !strings.EqualFold(string(data[start:dash]), begin) {
			continue
		}
		for _, name := range []string{"disposition", "id"} {
			rest := data[dash+1:]
			shared := min(len(rest), len(name))
			if !strings.EqualFold(string(rest[:shared]), name[:shared]) {
				continue
			}
			colon := bytes.TrimLeft(rest[shared:], " \t")
			switch {
			case len(colon) == 0 && !last:
				return start, -1, false
			case shared == len(name) && len(colon) > 0 && colon[0] == ':':
				return start, len(data) - len(colon) + 1, name == "id"
			}
		}
	}
	if last {
		return len(data), -1, false
	}
	for start = max(from, len(data)-len(begin)); start < len(data); start++ {
		if strings.EqualFold(string(data[start:]), begin[:len(data)-start]) {
			break
		}
	}
	return start, -1, false
}

// lineEnd returns where a header line ends that may go on in lines that begin with
// a space; less than 0: not yet.
func lineEnd(data []byte, from int) int {
	for at := from; at < len(data); at++ {
		if data[at] != '\r' && data[at] != '\n' {
			continue
		}
		next := at + 1
		if data[at] == '\r' && next < len(data) && data[next] == '\n' {
			next++
		}
		if next >= len(data) {
			return -1
		}
		if data[next] != ' ' && data[next] != '\t' {
			return at
		}
	}
	return -1
}

// names reports whether a header's value names the part by one of the words.
// What only some readers decode, "name*" and "=?utf-8?…", counts as if it did.
func (p parts) names(value string, isID bool) bool {
	if isID {
		return p.words.isName(unescape(strings.Trim(value, " \t<>")))
	}
	for _, found := range partName.FindAllStringSubmatch(value, -1) {
		name := strings.Trim(found[3], `"'`)
		if found[2] == "*" || strings.Contains(name, "=?") || p.words.isName(unescape(unquote(name))) || p.words.isName(unescape(name)) {
			return true
		}
	}
	return false
}

// members looks for the names of a JSON object's members, at any depth: of
// quotes, what stands between two and before a colon.
type members struct{ words Words }

func (m members) scan(data []byte, last bool) (int, bool) {
	for at := 0; ; {
		open := bytes.IndexAny(data[at:], `"'`)
		if open < 0 {
			return len(data), false
		}
		open += at
		if !mayBegin(data[open+1:]) {
			at = open + 1
			continue
		}
		length := bytes.IndexByte(data[open+1:], data[open])
		if length < 0 {
			begun := string(data[open+1 : min(len(data), open+1+longest)])
			if !last && m.words.mayBecomeName(unquote(withoutPart(begun, '\\'))) {
				return open, false
			}
			at = open + 1
			continue
		}
		if length > longest {
			at = open + 1
			continue
		}
		if m.words.isName(unquote(string(data[open+1 : open+1+length]))) {
			rest := bytes.TrimLeft(data[open+length+2:], " \t\r\n\x00")
			switch {
			case len(rest) > 0 && rest[0] == ':':
				return open, true
			case len(rest) == 0 && !last:
				return open, false
			}
		}
		at = open + 1 + length // the quote that ends one may begin another
	}
}
