package ration

import (
	"fmt"
	"strings"
)

const (
	// MeterRequests is the meter that every charge counts on: 1 request, unless the
	// charge names another amount.
	MeterRequests = "requests"
	// MaxUnits is the largest amount of one charge and the largest quantity of a
	// limit: 2^53, the largest whole number that JSON carries exactly everywhere.
	MaxUnits int64 = 1 << 53
	// MaxTotalUnits is the greatest lifetime count of a meter. A charge that would
	// pass it is refused, so that no count overflows.
	MaxTotalUnits int64 = 1 << 62

	maxIdentifierLength = 64
	// maxLimitNameLength allows for the longest default name: a meter, '-' and a
	// period.
	maxLimitNameLength = maxIdentifierLength + len("-rate-lifetime")
)

// ValidateMeter returns an error unless name can name a meter: 1 to 64 lower-case
// letters, digits, '_', '-' and '.', beginning with a letter. A meter needs neither a
// declaration nor a limit.
func ValidateMeter(name string) error {
	valid := name != "" && len(name) <= maxIdentifierLength && name[0] >= 'a' && name[0] <= 'z'
	for i := 0; i < len(name) && valid; i++ {
		valid = isLowerAlphanumeric(name[i]) || strings.IndexByte("_-.", name[i]) >= 0
	}
	if !valid {
		return &InvalidError{Field: "meter", Value: name, Reason: "a meter is 1 to 64 lower-case letters, digits, '_', '-' and '.', starting with a letter"}
	}
	return nil
}

// validateIdentifier checks the name of a plan or a limit, which has a greatest
// length in characters.
func validateIdentifier(field, name string, most int) error {
	valid := name != "" && len(name) <= most && isAlphanumeric(name[0])
	for i := 0; i < len(name) && valid; i++ {
		valid = isAlphanumeric(name[i]) || strings.IndexByte("_-.", name[i]) >= 0
	}
	if !valid {
		return &InvalidError{Field: field, Value: name, Reason: fmt.Sprintf("use 1 to %d letters, digits, '_', '-' and '.', starting with a letter or digit", most)}
	}
	return nil
}

func isAlphanumeric(c byte) bool { return isLowerAlphanumeric(c) || c >= 'A' && c <= 'Z' }

func isLowerAlphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
