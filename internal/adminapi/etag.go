package adminapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// etag returns the version of what was last changed at an instant (RFC 9110, 8.8.3). Each
// change has a later instant, in whole microseconds, than the one before it.
func etag(updatedAt time.Time) string {
	return `"` + strconv.FormatInt(updatedAt.UnixMicro(), 36) + `"`
}

// Precondition is the header field If-Match of a change.
type Precondition struct {
	IfMatch string `header:"If-Match" doc:"The ETag of what you have seen, or * for whatever it is now. If it has changed since, the answer is 412."`
}

// seen returns when what the caller has seen was changed last, and zero for "*". A change
// that doesn't say what it changes could undo another one that nobody has looked at.
func (p Precondition) seen() (time.Time, error) {
	if p.IfMatch == "" {
		return time.Time{}, &Refusal{
			Status: http.StatusPreconditionRequired, Code: "precondition_required",
			Detail: "Send the ETag of what you have read as If-Match, or If-Match: * to change it whatever it is now.",
		}
	}
	if p.IfMatch == "*" {
		return time.Time{}, nil
	}
	text, quoted := strings.CutPrefix(p.IfMatch, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	micros, err := strconv.ParseInt(text, 36, 64)
	if err != nil || !quoted || !closed {
		return time.Time{}, &Refusal{
			Status: http.StatusPreconditionFailed, Code: "changed",
			Detail: "If-Match has no ETag that was ever given out. Read it again, and send its ETag as it is.",
		}
	}
	return time.UnixMicro(micros), nil
}
