package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	oneDay  = 24 * time.Hour
	oneWeek = 7 * oneDay
)

// maxDays bounds what is added to the present: about 100 years.
const maxDays = 36_500

var errNotDays = errors.New("not a number of days")

// parseDays reads a length of time: whole days or weeks ("7d", "2w"), or what
// [time.ParseDuration] reads ("36h").
func parseDays(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": oneDay, "w": oneWeek} {
		number, found := strings.CutSuffix(text, suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if length := time.Duration(n) * unit; err == nil && length <= maxDays*oneDay {
			return length, nil
		}
		return 0, errNotDays
	}
	return time.ParseDuration(text)
}

// days is a flag that takes a length of time with days.
type days time.Duration

// Set implements pflag.Value.
func (d *days) Set(text string) error {
	length, err := parseDays(text)
	*d = days(length)
	return err
}

// String implements pflag.Value.
func (d *days) String() string { return time.Duration(*d).String() }

// Type implements pflag.Value.
func (d *days) Type() string { return "duration" }
