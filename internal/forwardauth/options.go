package forwardauth

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/inbound"
)

// options are what a gateway's configuration says in the path that it asks.
type options struct {
	// denyStatus is the status of answers that refuse, unless that is 401 or 403 anyway;
	// 0: the client's. nginx takes only those two for a refusal.
	denyStatus int
	// once charges questions with one request id once: nginx asks twice about a request
	// that try_files or error_page sends another way, and after error_page by GET.
	once bool
}

// parseOptions reads what follows [Path] in the target of a question. The query is not
// looked at: Caddy's forward_auth appends the client's. What it doesn't know it refuses: a
// misspelt option would else be noticed when it is needed.
func parseOptions(target string) (found options, err error) {
	path, _, _ := strings.Cut(strings.TrimPrefix(target, Path), "?")
	if path == "" {
		return options{}, nil
	}
	for option := range strings.SplitSeq(path[1:], "/") {
		switch option {
		case "deny_status=401":
			found.denyStatus = http.StatusUnauthorized
		case "deny_status=403":
			found.denyStatus = http.StatusForbidden
		case "once=request_id":
			found.once = true
		default:
			return options{}, badOption("There is no option " + strconv.Quote(option) + ". Use deny_status=403, deny_status=401 or once=request_id.")
		}
	}
	return found, nil
}

func badOption(detail string) error {
	return &inbound.Fault{Status: http.StatusBadRequest, Code: codeBadOption, Detail: detail}
}

// askOnce has the charge remembered by the client's idempotency key, where the route
// wants that, and by the request's id, where the gateway does.
func (h *Handler) askOnce(c *call) error {
	if err := c.reader.AskOnce(&c.Request); err != nil || !c.options.once || c.Route.Free {
		return err
	}
	c.Question.Repeatable = true
	if c.Question.Idempotency != nil { // the same id says that it is the same call; a call with another one is refused
		about := c.Question.Idempotency
		about.About = strings.TrimPrefix(about.About, c.In.Method+" ") + " " + c.ID
		return nil
	}
	c.Question.Idempotency = &ration.Idempotency{Key: Via + " " + c.ID, About: c.In.RequestURI}
	return nil
}
