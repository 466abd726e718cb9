package rationhttp

import (
	"fmt"
	"strings"
)

// place is where a request carries a key: one of a header, a scheme of Authorization
// and a parameter of the URL.
type place struct {
	header, scheme, parameter string
}

// String completes "send it …".
func (p place) String() string {
	switch {
	case p.header != "":
		return "in the header " + p.header
	case p.scheme != "":
		return "as Authorization: " + p.scheme
	}
	return "in the URL as ?" + p.parameter + "="
}

// places completes "send it …" with all places at which a key is looked for.
func (s Sources) places() string {
	places := []string{place{header: s.KeyHeader()}.String()}
	switch {
	case !s.NoBearer && !s.NoBasic:
		places = append(places, "as Authorization: Bearer or Basic")
	case !s.NoBearer:
		places = append(places, place{scheme: schemeBearer}.String())
	case !s.NoBasic:
		places = append(places, place{scheme: schemeBasic}.String())
	}
	if s.QueryParameter != "" {
		places = append(places, place{parameter: s.QueryParameter}.String())
	}
	last := len(places) - 1
	if last == 0 {
		return places[0]
	}
	return strings.Join(places[:last], ", ") + " or " + places[last]
}

// conflictingKeys is [ErrConflictingKeys] with the places of two different keys.
type conflictingKeys struct {
	first, second place
}

// Error implements error.
func (c *conflictingKeys) Error() string { return ErrConflictingKeys.Error() }

// Unwrap makes it ErrConflictingKeys.
func (c *conflictingKeys) Unwrap() error { return ErrConflictingKeys }

// detail tells a client which keys contradict each other and, where one of them may be
// meant for the application, which setting leaves it to that.
func (c *conflictingKeys) detail() string {
	if c.first == c.second {
		return fmt.Sprintf("Two different API keys were sent %s. Send only one.", c.first)
	}
	detail := fmt.Sprintf("Two different API keys were sent: one %s, another %s. Send only one.", c.first, c.second)
	for _, from := range []place{c.first, c.second} {
		if from.scheme != "" {
			detail += fmt.Sprintf(" If Authorization: %s is for the application, whoever runs this API can set key_%s to false.", from.scheme, strings.ToLower(from.scheme))
		}
	}
	return detail
}
