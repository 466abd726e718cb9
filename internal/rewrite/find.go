package rewrite

// Pointer is a JSON pointer (RFC 6901) to a value in answers.
type Pointer struct{ tree node }

// ParsePointer reads a pointer. Its error is a [ration.InvalidError].
func ParsePointer(text string) (Pointer, error) {
	at, err := parsePointer(text)
	if err != nil {
		return Pointer{}, err
	}
	var p Pointer
	p.tree.add(at)
	return p, nil
}

// Find returns the value that a JSON text has there, as it stands; false if it has
// none or is no JSON. Of members with one name it finds the last, as [Body] does.
func (p Pointer) Find(text []byte) (value []byte, found bool) {
	for _, there := range locate(text, &p.tree) {
		if there.value != nil && len(there.value.below) == 0 {
			return text[there.from:there.to], true
		}
	}
	return nil, false
}
