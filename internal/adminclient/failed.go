package adminclient

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/rationadmin"
)

// failed returns an error as the operations themselves would have returned it.
func failed(err error) error {
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*client.Error](err)
	switch {
	case ok && refused.Code() != "":
		return refusal(refused)
	case errors.Is(err, client.ErrUnavailable):
		return &Failure{Cause: err, known: ration.ErrStoreUnavailable, text: fmt.Sprintf("%s: %s", ration.ErrStoreUnavailable, err)}
	case errors.Is(err, client.ErrOutcomeUnknown):
		return &Failure{Cause: err, known: ration.ErrOutcomeUnknown, text: fmt.Sprintf("%s: %s", ration.ErrOutcomeUnknown, err)}
	case ok:
		return refusal(refused)
	}
	return &Failure{Cause: err, text: err.Error()}
}

// refusal is what the server said.
func refusal(refused *client.Error) *Failure {
	told := &Failure{Cause: refused, known: ration.Code(refused.Code()).Err(), text: refused.Error()}
	if refused.Problem.Detail != "" {
		told.text = clause(refused.Problem.Detail)
	}
	switch code := refused.Problem.Code; {
	case code == "" || code == codeNoRoute:
		told.text = fmt.Sprintf("the server answers %d: it is of another release, or no Ration; restart it with this release", refused.Status)
	case code == codeSummaryBeingMade:
		told.known = rationadmin.ErrSummaryBeingMade
	case code == codeInvalidValue && len(refused.Problem.Errors) > 0:
		told.invalid = invalidOf(refused.Problem.Errors[0])
	case code == codeInvalidBody && len(refused.Problem.Errors) > 0:
		told.invalid = invalidOf(refused.Problem.Errors[0])
		told.text = told.invalid.Error()
	}
	return told
}

// Codes of problems that the admin API itself finds.
const (
	codeInvalidBody  = "invalid_body"
	codeInvalidValue = "invalid_value"
	codeNoRoute      = "no_such_route"

	codeSummaryBeingMade = "summary_being_made"
)

// invalidOf names the input that is wrong by its pointer.
func invalidOf(fault api.FieldError) *ration.InvalidError {
	field := strings.ReplaceAll(strings.TrimLeft(fault.Pointer, "/?"), "/", ".")
	return &ration.InvalidError{Field: field, Reason: fault.Detail}
}

// Failure is an error of an operation that a server was asked for. For errors.Is and As
// it is also what the error was at the server.
type Failure struct {
	Cause   error                // of package client
	known   error                // of package ration; nil: none
	invalid *ration.InvalidError // nil: the input was not to blame
	text    string
}

// Error implements error.
func (f *Failure) Error() string { return f.text }

// Unwrap gives errors.Is and As what the error was at the server.
func (f *Failure) Unwrap() []error {
	causes := []error{f.Cause}
	if f.known != nil {
		causes = append(causes, f.known)
	}
	if f.invalid != nil {
		causes = append(causes, f.invalid)
	}
	return causes
}

// clause turns a sentence back into the text of an error, which begins in lower case and
// has no full stop.
func clause(sentence string) string {
	sentence = strings.TrimSuffix(sentence, ".")
	word, _, _ := strings.Cut(sentence, " ")
	first, size := utf8.DecodeRuneInString(sentence)
	if !unicode.IsUpper(first) || strings.ContainsFunc(word[min(size, len(word)):], unicode.IsUpper) {
		return sentence
	}
	return string(unicode.ToLower(first)) + sentence[size:]
}
