package rewrite

import "encoding/json"

// Pointer is a JSON pointer (RFC 6901) to a value in answers.
type Pointer struct{ at pointer }

// ParsePointer reads a pointer. Its error is a [ration.InvalidError].
func ParsePointer(text string) (Pointer, error) {
	at, err := parsePointer(text)
	return Pointer{at}, err
}

// Find returns the value that a JSON text has there, as it stands; false if it has
// none or is no JSON. Of members with one name it finds the last, as [Body] does.
func (p Pointer) Find(text []byte) (value []byte, found bool) {
	if !json.Valid(text) {
		return nil, false
	}
	from, to := skipSpace(text, 0), 0
	for _, token := range p.at {
		var next member
		switch text[from] {
		case '{':
			next = findMember(text, from, token)
		case '[':
			next = findElement(text, from, token)
		}
		if next.to == 0 {
			return nil, false
		}
		from, to = next.from, next.to
	}
	return text[from:to], true
}
