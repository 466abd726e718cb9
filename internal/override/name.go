package override

import "strings"

// Words are what is looked for. The zero Words is nothing.
type Words struct {
	Methods bool // names in which frameworks read another method: "_method"
	Paths   bool // names in which they read another path: "rest_route"
}

// kind is what a framework reads under a name.
type kind int

const (
	ordinary kind = iota
	methodName
	pathName
)

// names are those that frameworks read, folded, and that nobody else uses.
var names = map[string]kind{
	"_method": methodName, "_http_method": methodName, "_httpmethod": methodName, "_method_override": methodName, "method_override": methodName,
	"http_method_override": methodName, "x_http_method_override": methodName, "x_http_method": methodName, "x_method_override": methodName,
	"_http_method_override": methodName, "x_http_method_overrides": methodName, "x_method": methodName, "_methodoverride": methodName, "_x_http_method_override": methodName,
	"rest_route": pathName, // WordPress
	"kohana_uri": pathName,
}

// longest is how many bytes of a name, encoded, are looked at.
const longest = 256

// begins are the bytes with which a name, encoded in whatever way, may begin: its
// own first letters, what readers take for them or skip before them, and what begins
// an escape. All else is done with by a look at one byte.
var begins = func() (begins [256]bool) {
	for c := range begins {
		begins[c] = c <= ' ' || c >= 0x7f || strings.IndexByte(`._-%+\`, byte(c)) >= 0
	}
	for name := range names {
		begins[name[0]], begins[name[0]&^0x20] = true, true
	}
	return begins
}()

// mayBegin reports whether what stands there, encoded, may be one of the names, or
// the beginning of one.
func mayBegin(encoded []byte) bool { return len(encoded) == 0 || begins[encoded[0]] }

// has reports whether names of a kind are looked for.
func (w Words) has(k kind) bool { return k == methodName && w.Methods || k == pathName && w.Paths }

// isName reports whether a name, decoded, is one that a framework may read.
func (w Words) isName(name string) bool {
	name, _, _ = strings.Cut(name, "[")
	return w.has(names[foldName(strings.TrimRight(name, " \t\r\n\x00"))])
}

// isEncodedName is isName of a name in a query or form.
func (w Words) isEncodedName(raw string) bool {
	return w.isName(unescape(strings.ReplaceAll(raw, "+", " ")))
}

// mayBecomeName reports whether a name, decoded, may be one once it is complete.
func (w Words) mayBecomeName(begun string) bool {
	folded := foldName(begun)
	for name, kind := range names {
		if w.has(kind) && strings.HasPrefix(name, folded) {
			return true
		}
	}
	return w.isName(begun)
}

// foldName folds what readers do: PHP takes spaces and dots for "_", and none of
// them sees spaces before a name.
func foldName(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '.' || r == '-':
			return '_'
		case r < ' ' || r == 0x7f || r == '\ufeff':
			return -1
		}
		return r
	}, strings.TrimLeft(name, " \t\r\n\x00")))
}
