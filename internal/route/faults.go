package route

import (
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// faults are what is wrong with one route.
type faults []*ration.InvalidError

func (f *faults) add(field, value, reason string) {
	*f = append(*f, &ration.InvalidError{Field: field, Value: value, Reason: reason})
}

// without returns the faults that aren't about fields that could not be read, and don't
// follow from what is missing there.
func (f faults) without(unread []string) faults {
	var unknown []string
	for _, field := range unread {
		switch field {
		case "amounts", "reserve", "settle": // the latter two are checked against the others
			unknown = append(unknown, "reserve", "settle")
		default:
			unknown = append(unknown, field)
		}
	}
	return slices.DeleteFunc(slices.Clone(f), func(fault *ration.InvalidError) bool {
		field := fault.Field
		if end := strings.IndexAny(field, ".["); end >= 0 {
			field = field[:end]
		}
		return slices.Contains(unknown, field)
	})
}
