package console

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// splitAny splits a text at commas, spaces and line ends.
func splitAny(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
}

// lines splits a text at its line ends, and leaves empty lines out.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// timeField reads a date, which begins at midnight UTC, or a time with its zone. An empty
// field is no time.
func (v *visit) timeField(field string) (time.Time, error) { return parseTime(field, v.value(field)) }

func parseTime(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if date, err := time.Parse(time.DateOnly, text); err == nil {
		return date, nil
	}
	instant, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &ration.InvalidError{Field: field, Reason: "use a date such as 2030-01-31 (from midnight UTC) or a time with its zone such as 2030-01-31T12:00:00+01:00"}
	}
	return instant, nil
}

// noPlan is what the field of a plan has if somebody chose to give none. It is no name
// that a plan can have.
const noPlan = "/none"

// planField reads a plan that had to be chosen; empty: none was meant.
func (v *visit) planField(field string) (string, error) {
	switch plan := v.value(field); plan {
	case "":
		return "", &ration.InvalidError{Field: "plan", Reason: "choose one, or that there is to be none"}
	case noPlan:
		return "", nil
	default:
		return plan, nil
	}
}

// networksField reads addresses and networks.
func (v *visit) networksField(field string) ([]netip.Prefix, error) {
	networks := []netip.Prefix{} // not nil: an empty field means any address
	for _, text := range splitList(v.value(field)) {
		network, err := admin.ParseIPPrefix(text)
		if err != nil {
			return nil, err
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// overridesField reads limits of a key's own, one in each line.
func (v *visit) overridesField(field string) ([]ration.Override, error) {
	var overrides []ration.Override
	for _, line := range numbered(v.r.PostFormValue(field)) {
		override, err := admin.ParseOverride(line.text)
		if err != nil {
			return nil, line.wrong(err)
		}
		overrides = append(overrides, override)
	}
	return overrides, nil
}

// line is a line of a field with limits.
type line struct {
	number int
	text   string
}

// numbered returns the lines of a text that are not empty, with the numbers that they have
// for whoever has written them.
func numbered(text string) []line {
	var all []line
	number := 0
	for one := range strings.Lines(text) {
		number++
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, line{number, one})
		}
	}
	return all
}

// wrong says in which line something is wrong.
func (l line) wrong(err error) error {
	reason := err.Error()
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		reason = invalid.Reason
	}
	return &ration.InvalidError{Field: "limits", Reason: fmt.Sprintf("line %d, “%s”: %s", l.number, l.text, reason)}
}

// joinNetworks writes networks as networksField reads them.
func joinNetworks(networks []netip.Prefix) string {
	texts := make([]string, len(networks))
	for i, network := range networks {
		texts[i] = network.String()
	}
	return strings.Join(texts, " ")
}
