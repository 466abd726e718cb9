package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
)

// Error is a fault in the configuration and where it is.
type Error struct {
	Where  string // "--listen", "RATION_LISTEN", "ration.yaml:3:9"
	Reason string // what is wrong and what would be right; holds no secret
}

// Error implements error.
func (e *Error) Error() string { return e.Where + ": " + e.Reason }

func faultOf(value given, s *setting, err error) *Error {
	reason, where := err.Error(), value.where
	if value.whereOf != nil {
		where = value.whereOf(err)
	}
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		named := *invalid
		if !strings.HasPrefix(named.Field, s.Name) { // it may name a part of the setting
			named.Field = s.Name
		}
		reason = named.Error()
	}
	return &Error{Where: where, Reason: reason}
}

// partsOf returns the errors that were joined in one, none of nil.
func partsOf(err error) (parts []error) {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) // what is wrapped deeper is one fault
	if !ok {
		return []error{err}
	}
	for _, part := range joined.Unwrap() {
		parts = append(parts, partsOf(part)...)
	}
	return parts
}

func join(faults []*Error) error {
	errs := make([]error, len(faults))
	for i, fault := range faults {
		errs[i] = fault
	}
	return errors.Join(errs...)
}

// invalid says what is wrong with the value of a setting.
func invalid(value, reason string) error {
	return &ration.InvalidError{Field: "value", Value: value, Reason: reason}
}

// unknown says that there is no such name, and which one was perhaps meant.
func unknown(name string, known []string) string {
	if nearest := Closest(name, known); nearest != "" {
		return fmt.Sprintf("there is no setting %.64q; did you mean %q?", name, nearest)
	}
	return fmt.Sprintf("there is no setting %.64q", name)
}

// unknownInFile shows a name only if it could be meant as one: a file named by
// mistake may hold secrets, and its lines would be shown as unknown settings.
func unknownInFile(name string) string {
	if reason := gone[name]; reason != "" {
		return name + " " + reason
	}
	if likeName.MatchString(name) {
		return unknown(name, names())
	}
	if nearest := Closest(name, names()); nearest != "" {
		return fmt.Sprintf("unknown setting; did you mean %q?", nearest)
	}
	return `unknown setting; a name has only lower-case letters and "_", such as "listen"`
}

// withoutContent takes out of the parser's message what it quotes of the file,
// except what could be meant as a name.
func withoutContent(message string) string {
	return quoted.ReplaceAllStringFunc(message, func(part string) string {
		if likeName.MatchString(part[1 : len(part)-1]) {
			return part
		}
		return `"…"`
	})
}

var (
	likeName = regexp.MustCompile(`^[a-z_]{1,40}$`)
	quoted   = regexp.MustCompile(`(?s)".*"`)
)

// Closest returns the known name that differs least from name, or "" if none is
// similar.
func Closest(name string, known []string) string {
	near := min(3, (len(name)+1)/2) // three letters may be all of a short name
	best, least := "", near+1
	for _, candidate := range known {
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < least {
			best, least = candidate, d
		}
	}
	return best
}

// distance returns how many letters must be inserted, removed or replaced
// (Levenshtein).
func distance(a, b string) int {
	if len(a) > 64 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], slices.Min([]int{row[j+1] + 1, row[j] + 1, diagonal + cost})
		}
	}
	return row[len(b)]
}
