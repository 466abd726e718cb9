package adminapi

import (
	"net/http"
	"time"

	"github.com/ration-dev/ration/internal/wire"
)

// changed has the statuses of an operation with a precondition.
var changed = []int{http.StatusPreconditionFailed, http.StatusPreconditionRequired}

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
	seen, ok := wire.ParseVersion(p.IfMatch)
	if !ok {
		return time.Time{}, &Refusal{
			Status: http.StatusPreconditionFailed, Code: "changed",
			Detail: "If-Match has no ETag that was ever given out. Read it again, and send its ETag as it is.",
		}
	}
	return seen, nil
}
