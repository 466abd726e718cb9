package override

import (
	"strings"
	"unicode/utf16"
)

// withoutPart takes an escape that is not complete off the end.
func withoutPart(raw string, escape byte) string {
	if i := strings.LastIndexByte(raw, escape); i >= 0 && len(raw)-i < 6 {
		return raw[:i]
	}
	return raw
}

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
