package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ration-dev/ration/api"
)

// Errors of calls that got no answer.
var (
	// ErrUnavailable means that the server could not be asked. Nothing was done.
	ErrUnavailable = errors.New("the server is out of reach; nothing was done")
	// ErrOutcomeUnknown means that a call was sent and got no answer. What it asked for may
	// or may not have been done.
	ErrOutcomeUnknown = errors.New("there was no answer; it may or may not have been done")
	// ErrNotRation means that something else answered: another program, a page for people,
	// or a redirect. The URL is probably wrong.
	ErrNotRation = errors.New("what answers is not Ration")
)

// Refusals by the server, for errors.Is.
var (
	ErrNotFound = refusalOf("not_found") // there is no such key, plan or token
	ErrExists   = refusalOf("exists")    // the name or id is taken
	ErrConflict = refusalOf("conflict")  // the change contradicts the present state
	ErrChanged  = refusalOf("changed")   // somebody else has changed it since it was read
)

func refusalOf(code string) error { return &Error{Problem: api.Problem{Code: code}} }

// Error is a refusal by the server: its answer was not a success. One that says that
// nothing was done is [ErrUnavailable], and one that doesn't know is [ErrOutcomeUnknown].
type Error struct {
	Status   int         // of the answer
	Problem  api.Problem // what the server says; its Code is stable, and empty if it wasn't Ration that answered
	Location string      // where a redirect leads
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Problem.Detail
	if text == "" {
		text = fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	}
	for i, fault := range e.Problem.Errors {
		separator := "; "
		if i == 0 {
			separator = " "
		}
		text += separator + strings.TrimSpace(fault.Pointer+" "+fault.Detail)
	}
	return text
}

// Code returns the code of the problem, such as "not_found".
func (e *Error) Code() string { return e.Problem.Code }

// Codes of answers that say what was done.
const (
	codeUnavailable    = "store_unavailable" // nothing
	codeOutcomeUnknown = "outcome_unknown"
)

// Is reports whether another refusal has the same code, or which of this package's errors
// this one is.
func (e *Error) Is(other error) bool {
	switch other {
	case ErrUnavailable:
		return e.Code() == codeUnavailable
	case ErrOutcomeUnknown:
		return e.Code() == codeOutcomeUnknown
	case ErrNotRation:
		return e.Code() == "" && e.Status < http.StatusInternalServerError // beyond that it may be a proxy before Ration
	}
	refused, ok := other.(*Error)
	return ok && refused.Code() != "" && refused.Code() == e.Code()
}
