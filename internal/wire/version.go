package wire

import (
	"strconv"
	"strings"
	"time"
)

// Version returns the version of what was last changed at an instant, as an entity tag
// (RFC 9110, 8.8.3). Each change has a later instant, in whole microseconds, than the one
// before it.
func Version(updatedAt time.Time) string {
	return `"` + strconv.FormatInt(updatedAt.UnixMicro(), 36) + `"`
}

// ParseVersion returns the instant of a version, and false if it is none.
func ParseVersion(version string) (updatedAt time.Time, ok bool) {
	text, quoted := strings.CutPrefix(version, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	micros, err := strconv.ParseInt(text, 36, 64)
	return time.UnixMicro(micros), err == nil && quoted && closed
}
