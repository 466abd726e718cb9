package rewrite

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
)

// defaultCode stands for every code without a template of its own.
const defaultCode = "default"

// codes are those that a proxy answers with, besides its decisions'.
var codes = []string{
	defaultCode,
	string(ration.CodeKeyMissing), string(ration.CodeKeyUnknown), string(ration.CodeKeyUnchecked), string(ration.CodeKeyExpired), string(ration.CodeKeyDisabled),
	string(ration.CodeKeyRevoked), string(ration.CodeInsufficientScope), string(ration.CodeIPNotAllowed), string(ration.CodeQuotaExceeded),
	string(ration.CodeRateExceeded), string(ration.CodeConcurrencyExceeded), string(ration.CodeCostExceedsLimit), string(ration.CodeStoreUnavailable),
	string(ration.CodeOutcomeUnknown), string(ration.CodeClockSuspect),
	"invalid_idempotency_key", "idempotency_key_missing", "idempotency_replayed", string(ration.CodeIdempotencyMismatch),
	"invalid_request", "keys_in_url", "internal_error", "no_such_route", "ambiguous_path", "ambiguous_method", "ambiguous_query", "ambiguous_header",
	"invalid_connection", "method_not_supported", "body_incomplete", "upstream_unreachable", "upstream_timeout", "upstream_failed", "upstream_busy",
	"usage_busy", "method_not_allowed",
}

// Errors words answers that refuse, by code. The zero Errors words none. It may
// be used concurrently once nothing is added any more.
type Errors struct{ templates map[string]template }

// Problem is what a template tells of. Numbers and texts are as clients are told.
type Problem struct {
	Status                  int
	Code, Detail, RequestID string
	RetryAfter              string // seconds; empty: waiting doesn't help
	Decision                *ration.Decision
}

// Answer is a worded error.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Add adds the template of a code, or of "default". Status 0 keeps the
// problem's, an empty content type is application/json. Its error joins a
// [ration.InvalidError] for each of them that is wrong.
func (e *Errors) Add(code string, status int, contentType, body string) error {
	wrong := func(field, value, reason string) error {
		return &ration.InvalidError{Field: field, Value: value, Reason: reason}
	}
	if contentType == "" {
		contentType = "application/json"
	}
	var errs []error
	if !slices.Contains(codes, code) {
		errs = append(errs, wrong("code", code, "use default, or a code such as key_missing, key_unknown or quota_exceeded"))
	}
	if status != 0 && (status < 400 || status > 599) {
		errs = append(errs, wrong("status", strconv.Itoa(status), "use a status from 400 to 599"))
	}
	if !strings.Contains(contentType, "/") || strings.ContainsFunc(contentType, func(c rune) bool { return c < ' ' || c > '~' }) {
		errs = append(errs, wrong("content_type", contentType, "use a media type such as application/json"))
	}
	parsed, err := parseTemplate(body, IsJSON(contentType))
	if err := errors.Join(append(errs, err)...); err != nil {
		return err
	}
	parsed.status, parsed.contentType = status, contentType
	if e.templates == nil {
		e.templates = make(map[string]template)
	}
	e.templates[code] = parsed
	return nil
}

// Word returns the answer of a problem's code, or false if there is none.
func (e *Errors) Word(problem Problem) (Answer, bool) {
	found, ok := e.templates[problem.Code]
	if !ok {
		found, ok = e.templates[defaultCode]
	}
	if !ok {
		return Answer{}, false
	}
	if found.status != 0 {
		problem.Status = found.status
	}
	return Answer{Status: problem.Status, ContentType: found.contentType, Body: found.fill(problem)}, true
}

// IsJSON reports whether a content type is JSON: application/json or one that
// ends in +json.
func IsJSON(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "application/json" || strings.HasSuffix(kind, "+json")
}
