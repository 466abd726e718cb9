package rewrite

import (
	"encoding/json"
	"slices"
	"strconv"
)

// set puts a value into a valid JSON text. Of members with one name it sets the
// last, which is the one that common parsers read.
func set(body []byte, at pointer, value []byte) []byte {
	from, to := skipSpace(body, 0), 0
	for depth, token := range at {
		var found member
		switch body[from] {
		case '{':
			found = findMember(body, from, token)
		case '[':
			found = findElement(body, from, token)
		case 'n': // null
			return splice(body, from, from+len("null"), nest(at[depth:], value))
		}
		switch {
		case found.to > 0:
			from, to = found.from, found.to
		case body[from] == '{':
			return insert(body, found, token, nest(at[depth+1:], value))
		default:
			return body
		}
	}
	return splice(body, from, to, value)
}

// member is where a value stands: body[from:to]. Of one that is missing only
// end is set.
type member struct {
	from, to int
	end      int  // after the last member's value, or after the brace
	empty    bool // there is no member
}

func findMember(body []byte, object int, name string) member {
	found := member{end: object + 1, empty: true}
	i := skipSpace(body, object+1)
	for body[i] != '}' {
		keyEnd := skipString(body, i)
		start := skipSpace(body, skipSpace(body, keyEnd)+1)
		end := skipValue(body, start)
		if unquote(body[i:keyEnd]) == name {
			found.from, found.to = start, end
		}
		found.end, found.empty = end, false
		i = skipSpace(body, end)
		if body[i] == ',' {
			i = skipSpace(body, i+1)
		}
	}
	return found
}

func findElement(body []byte, array int, token string) member {
	want, err := strconv.Atoi(token)
	if err != nil || strconv.Itoa(want) != token {
		return member{}
	}
	i := skipSpace(body, array+1)
	for index := 0; body[i] != ']'; index++ {
		end := skipValue(body, i)
		if index == want {
			return member{from: i, to: end}
		}
		i = skipSpace(body, end)
		if body[i] == ',' {
			i = skipSpace(body, i+1)
		}
	}
	return member{}
}

func insert(body []byte, at member, name string, value []byte) []byte {
	var text []byte
	if !at.empty {
		text = append(text, ',')
	}
	text = append(append(append(text, quote(name)...), ':'), value...)
	return splice(body, at.end, at.end, text)
}

// nest wraps a value into the objects that lead to it.
func nest(at pointer, value []byte) []byte {
	for _, name := range slices.Backward(at) {
		value = slices.Concat([]byte{'{'}, quote(name), []byte{':'}, value, []byte{'}'})
	}
	return value
}

func splice(body []byte, from, to int, text []byte) []byte {
	return slices.Concat(body[:from], text, body[to:])
}

// quote returns a JSON string that is harmless in HTML too.
func quote(text string) []byte {
	quoted, _ := json.Marshal(text) // a string can always be encoded
	return quoted
}

func unquote(quoted []byte) string {
	var text string
	_ = json.Unmarshal(quoted, &text) // it is part of a valid text
	return text
}
