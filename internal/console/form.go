package console

import (
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
	for _, text := range lines(v.value(field)) {
		override, err := admin.ParseOverride(text)
		if err != nil {
			return nil, err
		}
		overrides = append(overrides, override)
	}
	return overrides, nil
}

// joinNetworks writes networks as networksField reads them.
func joinNetworks(networks []netip.Prefix) string {
	texts := make([]string, len(networks))
	for i, network := range networks {
		texts[i] = network.String()
	}
	return strings.Join(texts, " ")
}
