package console

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/condense"
)

// problem is what a visitor is told of an error.
type problem struct {
	Status int
	Title  string
	Text   string
}

// statuses has the errors of operations that are the visitor's to know.
var statuses = map[ration.Code]struct {
	status int
	title  string
}{
	ration.CodeNotFound:         {http.StatusNotFound, "Not found"},
	ration.CodeExists:           {http.StatusConflict, "It exists already"},
	ration.CodeConflict:         {http.StatusConflict, "Not possible now"},
	ration.CodeChanged:          {http.StatusConflict, "Somebody else changed it"},
	ration.CodeStoreUnavailable: {http.StatusServiceUnavailable, "The database is not available"},
	ration.CodeClockSuspect:     {http.StatusServiceUnavailable, "The clock is in doubt"},
	ration.CodeOutcomeUnknown:   {http.StatusInternalServerError, "Nobody knows whether it was done"},
}

// describe says what a visitor is told of an error. What they can't be told is logged.
func (c *Console) describe(r *http.Request, err error) problem {
	if refused := refusalOf(err); refused != nil {
		return problem{refused.Status, "Not allowed", refused.Detail}
	}
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return problem{http.StatusUnprocessableEntity, "That can't be right", sentence(strings.ReplaceAll(invalid.Field, "_", " ") + ": " + invalid.Reason)}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem{http.StatusRequestEntityTooLarge, "Too much at once", sentence(tooLarge.Error())}
	}
	code := ration.CodeOf(err)
	switch told, known := statuses[code]; {
	case !known:
	case told.status == http.StatusServiceUnavailable:
		return problem{told.status, told.title, "Nothing was changed. Try again in a moment; the system page and the log say more."}
	case code == ration.CodeOutcomeUnknown:
		return problem{told.status, told.title, "The database was lost in the middle of it. Look whether it was done before you try again."}
	case errors.Is(err, ration.ErrNotFound) && err.Error() == ration.ErrNotFound.Error():
		return problem{told.status, told.title, "There is nothing at this address."}
	default:
		return problem{told.status, told.title, sentence(err.Error())}
	}
	if r.Context().Err() == nil {
		c.log.Say(r.Context(), slog.LevelWarn, condense.Kind{Message: "a page of the console failed"}, slog.Any("error", err), slog.String("path", r.Pattern))
	}
	return problem{http.StatusInternalServerError, "This went wrong", "The log of the server says why."}
}

// refusalOf returns why a visitor may not do something; nil: that is not the reason.
func refusalOf(err error) *bearer.Refusal {
	if refused, ok := errors.AsType[*bearer.Refusal](err); ok {
		return refused
	}
	if lacking, ok := errors.AsType[*admin.TokenScopeError](err); ok {
		return &bearer.Refusal{Status: http.StatusForbidden, Detail: "Your session lacks the scope " + lacking.Scope + "."}
	}
	return bearer.RefusalOf(err)
}

// fail answers with an error: a page of its own, or the words alone where a script asks.
func (v *visit) fail(err error) {
	told := v.console.describe(v.r, err)
	if isFragment(v.r) && v.r.Method == http.MethodPost {
		v.console.pages.writePart(v.w, told.Status, "problem", told)
		return
	}
	v.show(told.Status, "problem-page", layout{Title: told.Title, Page: told})
}

// sentence writes a text as a sentence.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
