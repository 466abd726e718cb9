package override

import (
	"strings"
	"unicode/utf16"
)

// names are those that frameworks read, folded.
var names = map[string]bool{
	"_method": true, "_http_method": true, "_httpmethod": true, "_method_override": true, "method_override": true,
	"http_method_override": true, "x_http_method_override": true, "x_http_method": true, "x_method_override": true,
	"rest_route": true, // WordPress reads a path in it
}

// longest is how many bytes of a name, encoded, are looked at.
const longest = 256

// isName reports whether a name, decoded, is one that a framework may read.
func isName(name string) bool {
	name, _, _ = strings.Cut(name, "[")
	return names[foldName(strings.TrimRight(name, " \t\r\n\x00"))]
}

// mayBecomeName reports whether a name, decoded, may be one once it is complete.
func mayBecomeName(begun string) bool {
	folded := foldName(begun)
	for name := range names {
		if strings.HasPrefix(name, folded) {
			return true
		}
	}
	return isName(begun)
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

// withoutPart takes an escape that is not complete off the end.
func withoutPart(raw string, escape byte) string {
	if i := strings.LastIndexByte(raw, escape); i >= 0 && len(raw)-i < 6 {
		return raw[:i]
	}
	return raw
}

// isEncodedName is isName of a name in a query or form.
func isEncodedName(raw string) bool { return isName(unescape(strings.ReplaceAll(raw, "+", " "))) }

// unescape decodes percent signs, also as "%u005f"; what can't be decoded stays.
func unescape(raw string) string {
	if !strings.Contains(raw, "%") {
		return raw
	}
	var text strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '%' {
			if c, ok := hex(raw, i+1, 2); ok {
				text.WriteByte(byte(c))
				i += 2
				continue
			}
			if c, ok := hex(raw, i+2, 4); ok && raw[i+1]|0x20 == 'u' {
				text.WriteRune(c)
				i += 5
				continue
			}
		}
		text.WriteByte(raw[i])
	}
	return text.String()
}

// unquote decodes the escapes of a JSON string, and of a quoted string in a header.
func unquote(raw string) string {
	if !strings.Contains(raw, `\`) {
		return raw
	}
	var units []uint16
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) {
			if c, ok := hex(raw, i+2, 4); ok && raw[i+1] == 'u' {
				units = append(units, uint16(c))
				i += 5
				continue
			}
			i++
		}
		units = append(units, uint16(raw[i]))
	}
	return string(utf16.Decode(units))
}

// hex reads so many hexadecimal digits.
func hex(text string, from, digits int) (value rune, ok bool) {
	if from+digits > len(text) {
		return 0, false
	}
	for _, c := range []byte(text[from : from+digits]) {
		switch {
		case c >= '0' && c <= '9':
			value = value<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			value = value<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return value, true
}

// InQuery reports whether a query names another method or path.
func InQuery(raw string) bool {
	for parameter := range strings.FieldsFuncSeq(raw, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(parameter, "=")
		if isEncodedName(name) {
			return true
		}
	}
	return false
}
