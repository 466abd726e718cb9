package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/adminclient"
	"github.com/ration-dev/ration/internal/config"
)

// serverError is what went wrong between a command and a server.
type serverError struct {
	text string
	code int // exit code
	err  error
}

// Error implements error.
func (e *serverError) Error() string { return e.text }

// Unwrap gives errors.Is and As the cause.
func (e *serverError) Unwrap() error { return e.err }

// explainServer says of an error that comes from the server or the way to it which server
// that is, and what would be right. What the operations themselves say stays as it is.
func explainServer(ctx context.Context, settings config.Config, err error) error {
	failure, ok := errors.AsType[*adminclient.Failure](err)
	if !ok {
		return err
	}
	reason, code := judgeFailure(ctx, settings, failure.Cause)
	if reason == "" {
		return err
	}
	text := strings.Replace(err.Error(), failure.Error(), serverNamed(settings)+": "+reason, 1)
	return &serverError{visible(text), code, err}
}

// judgeFailure returns "" for what the operation itself says.
func judgeFailure(ctx context.Context, settings config.Config, cause error) (reason string, code int) {
	if refused, ok := errors.AsType[*client.Error](cause); ok {
		return judgeRefusal(settings, refused, errors.Is(cause, client.ErrOutcomeUnknown))
	}
	why := reasonOf(cause)
	if ctx.Err() != nil {
		why = "the command was interrupted"
	}
	switch {
	case errors.Is(cause, client.ErrOutcomeUnknown):
		return why + " before the server had answered; the change may or may not have been made, so look before you repeat it", exitUnknown
	case ctx.Err() != nil:
		return why + "; nothing was changed", exitFailure
	case errors.Is(cause, client.ErrUnavailable):
		return "it can't be reached: " + why + adviceOf(cause) + "; nothing was changed", exitNoStore
	}
	return why, exitRelease
}

// judgeRefusal judges an answer that is not a success.
func judgeRefusal(settings config.Config, refused *client.Error, unknown bool) (reason string, code int) {
	detail := strings.TrimSuffix(refused.Problem.Detail, ".")
	switch refused.Code() {
	case "token_missing", "token_invalid":
		return fmt.Sprintf("it doesn't accept the service token (%s): the token may have expired, be revoked, or belong to another server; 'ration tokens create', on a machine that has one that works or the database, makes another", settings.Server.TokenFrom), exitToken
	case "token_lacks_scope":
		return fmt.Sprintf("%s (%s); 'ration tokens create NAME --scope …' makes one that has it", lowerFirst(detail), settings.Server.TokenFrom), exitToken
	case "token_narrowed":
		return fmt.Sprintf("%s (%s)", lowerFirst(detail), settings.Server.TokenFrom), exitToken
	case "store_unavailable":
		return "it has no database at the moment; nothing was changed, so try again", exitNoStore
	case "outcome_unknown":
		return "it lost its database while it wrote; the change may or may not have been made, so look before you repeat it", exitUnknown
	case "key_missing", "key_unknown": // of the service token
		return "it takes the service token for an API key, so it is a proxy in front of an API, not an admin API; give the URL at which the server's admin API listens (admin_listen, port 8082 if nothing else is set); nothing was changed", exitNoStore
	case "no_such_route", "method_not_allowed":
		return "it doesn't know what this command asks for. Either the URL isn't that of its admin API (admin_listen, port 8082 if nothing else is set), or its release is older than this command's: use a command of the server's release", exitRelease
	case "invalid_body":
		if i := slices.IndexFunc(refused.Problem.Errors, isUnknownMember); i >= 0 {
			return fmt.Sprintf("it doesn't know %s of the request, so its release is older than this command's; use a command of the server's release; nothing was changed", refused.Problem.Errors[i].Pointer), exitRelease
		}
		return "", 0
	case "":
		return judgeForeign(refused, unknown)
	}
	return "", 0
}

// isUnknownMember recognises what servers say of a member that they don't know.
func isUnknownMember(fault api.FieldError) bool { return fault.Detail == "unexpected property" }

// judgeForeign judges an answer that Ration didn't write.
func judgeForeign(refused *client.Error, unknown bool) (reason string, code int) {
	status := strings.TrimSpace(fmt.Sprint(refused.Status, " ", http.StatusText(refused.Status)))
	switch {
	case unknown:
		return "something before it answers " + status + "; the change may or may not have been made, so look before you repeat it", exitUnknown
	case refused.Status >= http.StatusInternalServerError:
		return "something before it answers " + status + ": the server may be down", exitNoStore
	case refused.Location != "":
		return "it answers " + status + ", a redirect to " + withoutQuery(refused.Location) + "; a token goes only where you send it: if that is the right server, give its URL", exitNoStore
	}
	return "what answers is not Ration's admin API (" + status + "); give the URL at which the server's admin API listens (admin_listen), with the path before /v1/admin if a proxy adds one", exitNoStore
}

// withoutQuery leaves out what may be a secret.
func withoutQuery(location string) string {
	location, _, _ = strings.Cut(location, "?")
	return location
}

// reasonOf returns the cause of a failed request without its URL, which is named already.
func reasonOf(err error) string {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err.Error()
	}
	return err.Error()
}

// adviceOf says what would be right where TLS is the cause.
func adviceOf(err error) string {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, otherName := errors.AsType[x509.HostnameError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case unknown:
		return "; if the server has a certificate of your own authority, name it with --ca-file"
	case otherName:
		return "; use a name that is in the server's certificate"
	case noTLS || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "; the server speaks HTTP without TLS there: use http://, from its own machine or through a tunnel"
	case strings.Contains(err.Error(), "malformed HTTP response"):
		return "; perhaps it speaks HTTPS there: use https://"
	}
	return ""
}

// lowerFirst makes a sentence a part of another one.
func lowerFirst(sentence string) string {
	if sentence == "" {
		return sentence
	}
	return strings.ToLower(sentence[:1]) + sentence[1:]
}
