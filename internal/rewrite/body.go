package rewrite

import (
	"errors"

	"github.com/ration-dev/ration"
)

// MaxBodyBytes is the size of the largest body that is rewritten.
const MaxBodyBytes = 1 << 20

// Body says which values of a JSON body are Ration's. The zero Body changes
// nothing. It may be used concurrently once no rule is added any more.
type Body struct{ tree node }

// Add adds a rule: the value at a JSON pointer (RFC 6901) is a field. It refuses
// a pointer that leads through another rule's value. Its error joins a
// [ration.InvalidError] for each of the two that is wrong.
func (b *Body) Add(at, field string) error {
	parsed, wrongPointer := parsePointer(at)
	what, wrongField := ParseField(field)
	if err := errors.Join(wrongPointer, wrongField); err != nil {
		return err
	}
	added := b.tree.add(parsed)
	if added == nil {
		return &ration.InvalidError{Field: "pointer", Value: at, Reason: "another pointer sets this value or a part of it"}
	}
	added.field = what
	return nil
}

// Apply returns a body with the fields of a decision, and every other byte as
// it was. What is missing on the way to a value is made, and null counts as
// missing; a value that lies in no object, such as a number's, is left out.
// What is no JSON, or larger than [MaxBodyBytes], comes back as it is.
func (b *Body) Apply(body []byte, decision *ration.Decision) []byte {
	if len(body) > MaxBodyBytes || len(b.tree.below) == 0 {
		return body
	}
	return fill(body, locate(body, &b.tree), decision)
}
