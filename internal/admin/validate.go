package admin

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ration-dev/ration"
)

// MaxTextLength is the most characters of a name or an owner.
const MaxTextLength = 200

const (
	maxScopes          = 50
	maxAllowedIPs      = 100
	maxMetadataEntries = 50
	maxMetadataKey     = 64
	maxMetadataValue   = 1000
	maxLimits          = 100
)

func validateText(field, value string, least, most int) error {
	if reason := TextProblem(value, least, most); reason != "" {
		return &ration.InvalidError{Field: field, Value: value, Reason: reason}
	}
	return nil
}

// TextProblem returns why a text is refused, or "". A text must have least to most
// characters, and be readable wherever it is shown: a name with control characters
// could rewrite a terminal, and one with bidi controls can look like another.
func TextProblem(text string, least, most int) string {
	if !utf8.ValidString(text) {
		return "use valid UTF-8"
	}
	if length := utf8.RuneCountInString(text); length < least || length > most {
		return fmt.Sprintf("use %d to %d characters", least, most)
	}
	if least > 0 && strings.TrimSpace(text) == "" {
		return "use at least one visible character"
	}
	if strings.ContainsFunc(text, misleads) {
		return "control characters, line breaks and text direction controls are not allowed"
	}
	return ""
}

// SecretProblem returns why no client could use a secret that another system made, or
// "". Such a secret may have any form, even that of Ration's secrets.
func SecretProblem(secret ration.Secret) string {
	text := secret.Reveal()
	switch {
	case secret.IsZero():
		return "a key needs a secret"
	case len(text) > ration.MaxSecretLength:
		return fmt.Sprintf("a secret has at most %d bytes, this one %d", ration.MaxSecretLength, len(text))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, misleads):
		return "use valid UTF-8 and no control characters: a header could not carry them"
	case text != strings.TrimSpace(text):
		return "it begins or ends with a space, which a header could not carry"
	case startsWithScheme(text):
		return "it begins with the name of a scheme, as in an Authorization header; leave that out"
	}
	return ""
}

// startsWithScheme recognises what was taken from a header together with its scheme.
// Clients send such a secret without it.
func startsWithScheme(text string) bool {
	scheme, _, found := strings.Cut(text, " ")
	return found && (strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "basic"))
}

func misleads(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return false
}

func validateLabel(label string) error { return validateText("label", label, 1, maxMetadataKey) }

// endOfTime is the first instant whose year has five digits, which RFC 3339
// can't write.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// validateEnd checks an expiry; zero is none.
func validateEnd(field string, end, now time.Time) error {
	if end.IsZero() {
		return nil
	}
	if end.Before(endOfTime) && end.After(now) {
		return nil
	}
	return &ration.InvalidError{Field: field, Value: end.Format(time.RFC3339), Reason: "use a time after now and before the year 10000"}
}

// normalizeScopes sorts the scopes and drops what is there twice.
func normalizeScopes(scopes []string) ([]string, error) {
	for _, scope := range scopes {
		if err := ration.ValidateScope(scope); err != nil {
			return nil, err
		}
	}
	scopes = slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(scopes) > maxScopes {
		return nil, &ration.InvalidError{Field: "scopes", Reason: fmt.Sprintf("a key has at most %d scopes", maxScopes)}
	}
	return scopes, nil
}

// ParseIPPrefix reads an address ("203.0.113.7") or a range ("10.0.0.0/8").
func ParseIPPrefix(text string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(text)
	if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
		prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if err != nil {
		return netip.Prefix{}, &ration.InvalidError{Field: "allowed_ips", Value: text, Reason: `use an address such as "203.0.113.7" or a range such as "10.0.0.0/8"`}
	}
	return normalizePrefix(prefix)
}

// normalizePrefix clears the bits beyond the prefix and writes IPv4 within IPv6
// as IPv4: decisions compare with unmapped addresses.
func normalizePrefix(prefix netip.Prefix) (netip.Prefix, error) {
	addr, bits := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && bits >= 96 {
		addr, bits = addr.Unmap(), bits-96
	}
	prefix = netip.PrefixFrom(addr, bits).Masked()
	if !prefix.IsValid() || addr.Is4In6() {
		return netip.Prefix{}, &ration.InvalidError{Field: "allowed_ips", Value: prefix.String(), Reason: `use a range such as "10.0.0.0/8" or "2001:db8::/32"`}
	}
	return prefix, nil
}

func normalizeAllowedIPs(prefixes []netip.Prefix) ([]netip.Prefix, error) {
	if len(prefixes) > maxAllowedIPs {
		return nil, &ration.InvalidError{Field: "allowed_ips", Reason: fmt.Sprintf("a key has at most %d ranges", maxAllowedIPs)}
	}
	normalized := make([]netip.Prefix, 0, len(prefixes))
	for _, prefix := range prefixes {
		prefix, err := normalizePrefix(prefix)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(normalized, prefix) {
			normalized = append(normalized, prefix)
		}
	}
	return normalized, nil
}

func validateMetadata(metadata map[string]string) error {
	if len(metadata) > maxMetadataEntries {
		return &ration.InvalidError{Field: "metadata", Value: strconv.Itoa(len(metadata)) + " entries", Reason: fmt.Sprintf("a key has at most %d entries", maxMetadataEntries)}
	}
	for name, value := range metadata {
		if err := validateText("metadata name", name, 1, maxMetadataKey); err != nil {
			return err
		}
		if err := validateText("metadata."+name, value, 0, maxMetadataValue); err != nil {
			return err
		}
	}
	return nil
}
