package adminapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
	"github.com/ration-dev/ration/rationhttp"
)

// Problem is the body of an answer that is not a success.
type Problem struct {
	api.Problem
	challenge, allow string
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements [huma.StatusError].
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements [huma.ContentTypeFilter].
func (p *Problem) ContentType(string) string { return api.ProblemContentType }

// GetHeaders implements [huma.HeadersError].
func (p *Problem) GetHeaders() http.Header {
	header := http.Header{}
	if p.RetryAfter != nil {
		header.Set("Retry-After", strconv.FormatInt(*p.RetryAfter, 10))
	}
	if p.challenge != "" {
		header.Set("WWW-Authenticate", p.challenge)
	}
	if p.allow != "" {
		header.Set("Allow", p.allow)
	}
	return header
}

// writeTo answers with the problem where huma does not.
func (p *Problem) writeTo(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", api.ProblemContentType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p.Problem) // the client may be gone; there is nobody else to tell
}

// Refusal is an error that says by itself how it is answered.
type Refusal struct {
	Status     int
	Code       string
	Detail     string
	Errors     []api.FieldError
	Challenge  string // the field WWW-Authenticate; empty: none
	Allow      string // the methods that would be right
	RetryAfter int64  // seconds; 0: not said
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

func (r *Refusal) problem(requestID string) *Problem {
	problem := &Problem{challenge: r.Challenge, allow: r.Allow, Problem: api.Problem{
		Title: http.StatusText(r.Status), Status: r.Status, Code: r.Code, Detail: withoutSecrets(r.Detail), RequestID: requestID,
	}}
	for _, fault := range r.Errors {
		problem.Errors = append(problem.Errors, api.FieldError{Pointer: withoutSecrets(fault.Pointer), Detail: withoutSecrets(fault.Detail)})
	}
	if r.RetryAfter > 0 {
		problem.RetryAfter = &r.RetryAfter
	}
	return problem
}

// statuses has the statuses of the errors of administration. Those that decisions have
// too are answered as everywhere.
var statuses = map[ration.Code]int{
	ration.CodeNotFound: http.StatusNotFound,
	ration.CodeExists:   http.StatusConflict,
	ration.CodeConflict: http.StatusConflict,
	ration.CodeChanged:  http.StatusPreconditionFailed,
}

// problemOf says how an error is answered. What a caller can't be told is logged.
func (a *API) problemOf(ctx context.Context, err error) *Problem {
	id, local := requestOf(ctx).id, requestOf(ctx).caller.Local
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return refused.problem(id)
	}
	refused, ok := errors.AsType[*bearer.Refusal](err)
	if !ok {
		refused = bearer.RefusalOf(err)
	}
	if refused != nil {
		return (&Refusal{Status: refused.Status, Code: refused.Code, Detail: refused.Detail, Challenge: refused.Challenge, RetryAfter: refused.RetryAfter}).problem(id)
	}
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		refused := invalidValue(pointerOf(err, invalid), invalid.Reason)
		refused.Detail = sentence(err)
		if !local {
			refused.Detail = sentence(errors.New(strings.ReplaceAll(err.Error(), invalid.Error(), invalid.Field+": "+invalid.Reason)))
		}
		return refused.problem(id)
	}
	if early, ok := errors.AsType[*admin.SummaryError](err); ok {
		return (&Refusal{Status: http.StatusServiceUnavailable, Code: codeSummaryBeingMade, Detail: sentence(err), RetryAfter: int64(early.RetryAfter / time.Second)}).problem(id)
	}
	code := ration.CodeOf(err)
	if status, known := statuses[code]; known {
		return (&Refusal{Status: status, Code: string(code), Detail: sentence(err)}).problem(id)
	}
	var responder rationhttp.Responder
	told := responder.Failed(err, id).Problem
	if local { // whoever runs the server may know all of it
		told.Detail = sentence(err)
		return &Problem{Problem: *told}
	}
	if told.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		a.log.Say(ctx, slog.LevelWarn, condense.Kind{Message: "an operation of administration failed"}, slog.Any("error", err), slog.String("request_id", id))
	}
	return &Problem{Problem: *told}
}

// codeSummaryBeingMade says that there is nothing to be answered with yet.
const codeSummaryBeingMade = "summary_being_made"

// sentence writes an error as a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// invalidValue says that a member has the right form, and a value that is not possible.
func invalidValue(pointer, detail string) *Refusal {
	return &Refusal{
		Status: http.StatusUnprocessableEntity, Code: "invalid_value", Detail: "The request has a value that is not possible.",
		Errors: []api.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

// inMember says that what an operation was asked for is a member of the request's body.
type inMember struct {
	member string
	error
}

// Unwrap gives errors.Is and As the error of the operation.
func (e *inMember) Unwrap() error { return e.error }

// pointerOf returns where in the request the fault is.
func pointerOf(err error, invalid *ration.InvalidError) string {
	pointer := "/" + strings.ReplaceAll(invalid.Field, ".", "/")
	if in, ok := errors.AsType[*inMember](err); ok {
		return "/" + in.member + pointer
	}
	return pointer
}

// invalidForm says that a part of the request is not what it has to be.
func invalidForm(pointer, detail string) *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Code: codeInvalidForm, Detail: "The request is not valid.",
		Errors: []api.FieldError{{Pointer: pointer, Detail: detail}},
	}
}

const codeInvalidForm = "invalid_body"

// replaceErrors makes huma answer with a [Problem] wherever it finds a fault by itself.
// Its own type would repeat the value that is wrong, which may be a secret.
var replaceErrors = sync.OnceFunc(func() {
	validation.MsgExpectedOneOf = "use one of %s" // in our words, as commands on a database say it
	huma.ValidateStrictCasing = true              // or "Owner" would be read, and not be seen where null is
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return foundByHuma(status, message, errs).problem("")
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		return foundByHuma(status, message, errs).problem(requestOf(c.Context()).id)
	}
})

var errBodyTooLarge = &Refusal{Status: http.StatusRequestEntityTooLarge, Code: "body_too_large", Detail: "The request body is too large."}

func foundByHuma(status int, message string, errs []error) *Refusal {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return errBodyTooLarge
	case http.StatusUnsupportedMediaType:
		return &Refusal{Status: status, Code: "unsupported_media_type", Detail: "Send application/json in UTF-8."}
	case http.StatusRequestTimeout:
		return &Refusal{Status: status, Code: "body_too_slow", Detail: "The request body did not arrive in time."}
	case http.StatusInternalServerError:
		if message == "cannot read request body" {
			return invalidForm("", "the body ended early")
		}
		return &Refusal{Status: status, Code: rationhttp.CodeInternal}
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ofFaults(errs, message)
	}
	return &Refusal{Status: status, Code: codeInvalidForm, Detail: message}
}

// ofFaults says which parts of a request are wrong. A fault of form is answered with 400,
// a value that is not possible with 422.
func ofFaults(errs []error, message string) *Refusal {
	if len(errs) == 0 {
		return invalidForm("", message)
	}
	refused := invalidValue("", "")
	refused.Errors = nil
	for _, err := range errs {
		fault := &huma.ErrorDetail{Message: err.Error()}
		if detailed, ok := err.(huma.ErrorDetailer); ok {
			fault = detailed.ErrorDetail()
		}
		if ofForm(fault) {
			refused.Status, refused.Code, refused.Detail = http.StatusBadRequest, codeInvalidForm, "The request is not valid."
		}
		refused.Errors = append(refused.Errors, api.FieldError{Pointer: pointerTo(fault.Location), Detail: fault.Message})
	}
	return refused
}

// ofForm reports whether huma found something that can't be read as the input.
func ofForm(fault *huma.ErrorDetail) bool {
	if !strings.HasPrefix(fault.Location, "body.") {
		return true
	}
	switch fault.Message {
	case validation.MsgUnexpectedProperty, validation.MsgExpectedBoolean, validation.MsgExpectedNumber, validation.MsgExpectedInteger,
		validation.MsgExpectedString, validation.MsgExpectedArray, validation.MsgExpectedObject:
		return true
	}
	return strings.HasPrefix(fault.Message, "expected required property")
}

// pointerTo turns huma's location of a fault, "body.limits[0].name", into a JSON pointer;
// of a parameter it is "?limit".
func pointerTo(location string) string {
	if name, found := strings.CutPrefix(location, "query."); found {
		return "?" + shortened(name)
	}
	path, _ := strings.CutPrefix(location, "body")
	return shortened(strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(path))
}

// shortened cuts hostile text.
func shortened(text string) string {
	const most = 200
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
