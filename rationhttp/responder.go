package rationhttp

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"

	"github.com/ration-dev/ration"
)

// Style says which header fields tell a client what remains of its limits.
type Style string

// The styles.
const (
	StyleDraft10 Style = "draft10" // RateLimit and RateLimit-Policy; the default
	StyleLegacy  Style = "legacy"  // X-RateLimit-Limit, -Remaining, -Used and -Reset, of the tightest limit
	StyleBoth    Style = "both"
	StyleOff     Style = "off"
)

// ParseStyle reads a style's name; the empty one is draft10. Its error is a
// [ration.InvalidError].
func ParseStyle(text string) (Style, error) {
	switch style := Style(text); style {
	case "":
		return StyleDraft10, nil
	case StyleDraft10, StyleLegacy, StyleBoth, StyleOff:
		return style, nil
	}
	return "", &ration.InvalidError{Field: "headers", Value: text, Reason: "use draft10, legacy, both or off"}
}

// Responder turns decisions and errors into what clients see. It is the only place
// that knows statuses, header fields and bodies; every integration uses it. The zero
// value is ready to use.
type Responder struct {
	Style       Style   // zero: [StyleDraft10]
	LegacyDelta bool    // X-RateLimit-Reset in seconds from now, not in Unix time
	Realm       string  // of the challenges in WWW-Authenticate; empty: "api"
	Uniform     bool    // don't tell holders of an expired, disabled or revoked key apart: answer as for an unknown key
	Sources     Sources // where keys are looked for, as answers say it
	UsageURL    string  // where holders of keys learn what they have used, such as the path of a [Usage]; answers with status 429 say it. Empty: they don't
}

// Echo has the details of a request that its answer repeats or depends on.
type Echo struct {
	RequestID string          // shown in answers that refuse, in their header and body; empty: none
	Amounts   []ration.Amount // that were charged; nil: one request
	Scope     string          // a scope that the key had to have
	InQuery   bool            // the secret came in the URL
}

// Decided returns the answer to a decision.
func (r *Responder) Decided(decision *ration.Decision, asked Echo) Response {
	fields := make([]Field, 0, 8)
	fields = r.appendLimits(fields, decision)
	if decision.Allowed() {
		return Response{Status: http.StatusOK, Fields: append(fields, r.cacheFields(asked.InQuery)...)}
	}
	problem := r.problemOf(decision, asked)
	if challenge := r.challenge(ration.Code(problem.Code), asked.Scope); challenge != "" {
		fields = append(fields, Field{"WWW-Authenticate", challenge})
	}
	return r.respond(problem, fields)
}

// Failed returns the answer to an error of [Charger.Charge], [ration.Engine.Settle],
// [Sources.Find], [IdempotencyKey] or anything else. An error that it doesn't know
// becomes a 500 without details.
func (r *Responder) Failed(err error, requestID string) Response {
	problem := problemOfCode(ration.CodeOf(err))
	problem.RequestID = requestID
	if conflict, ok := errors.AsType[*conflictingKeys](err); ok {
		problem.Detail = conflict.detail()
	}
	var fields []Field
	if errors.Is(err, ErrConflictingKeys) || errors.Is(err, ErrKeyInURL) {
		fields = append(fields, Field{"WWW-Authenticate", r.realm() + `, error="invalid_request"`})
	}
	return r.respond(problem, fields)
}

// OwnsField reports whether a response's field is one that says what remains. An
// upstream's own field of that name must not reach the client besides ours.
func (r *Responder) OwnsField(name string) bool {
	if r.Style == StyleOff {
		return false
	}
	switch http.CanonicalHeaderKey(name) {
	case "Ratelimit", "Ratelimit-Policy", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Used", "X-Ratelimit-Reset":
		return true
	}
	return false
}

// FieldNames returns the names of the fields that answers may carry besides
// Content-Type and Cache-Control. If web pages of other origins may call, list these
// names in Access-Control-Expose-Headers; otherwise pages can't read the fields.
func (r *Responder) FieldNames() []string {
	names := []string{"Retry-After", RequestIDHeader, "WWW-Authenticate", IdempotentReplayedHeader}
	switch r.Style {
	case StyleOff:
		return names
	case StyleLegacy:
		return append(names, legacyFields...)
	case StyleBoth:
		return append(append(names, draft10Fields...), legacyFields...)
	}
	return append(names, draft10Fields...)
}

// The fields that say what remains, by style.
var (
	draft10Fields = []string{"RateLimit", "RateLimit-Policy"}
	legacyFields  = []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Used", "X-RateLimit-Reset"}
)

func (r *Responder) appendLimits(fields []Field, decision *ration.Decision) []Field {
	if len(decision.Limits) == 0 || r.Style == StyleOff {
		return fields
	}
	if r.Style != StyleLegacy {
		if policy, state := rateLimitFields(decision.Limits, decision.DecidedAt); policy != "" {
			fields = append(fields, Field{"RateLimit-Policy", policy}, Field{"RateLimit", state})
		}
	}
	if r.Style == StyleLegacy || r.Style == StyleBoth {
		fields = appendLegacy(fields, decision.Limits, decision.DecidedAt, r.LegacyDelta)
	}
	return fields
}

func (r *Responder) cacheFields(inQuery bool) []Field {
	control := cachePrivate
	if inQuery {
		control = cacheNoStore // RFC 6750, section 2.3
	}
	return []Field{{"Cache-Control", control}, {"Vary", r.Sources.Vary()}}
}

// challenge returns the only challenge of a denial (RFC 6750, section 3), or "". It
// is one line, because nginx before 1.27 passes on only the first line.
//
// Where bearers are left to the application the scheme is Key, because RFC 9110 wants
// some challenge, and Bearer or Basic would ask for what isn't taken or open a
// browser's dialog.
func (r *Responder) challenge(code ration.Code, scope string) string {
	switch code {
	case ration.CodeKeyMissing:
		return r.realm()
	case ration.CodeKeyUnknown, ration.CodeKeyExpired, ration.CodeKeyDisabled, ration.CodeKeyRevoked:
		return r.realm() + `, error="invalid_token"`
	case ration.CodeInsufficientScope:
		challenge := r.realm() + `, error="insufficient_scope"`
		if scope != "" {
			challenge += `, scope="` + scope + `"`
		}
		return challenge
	}
	return ""
}

func (r *Responder) realm() string {
	scheme := schemeBearer
	if r.Sources.NoBearer {
		scheme = schemeKey
	}
	return scheme + " realm=" + strconv.Quote(cmp.Or(r.Realm, "api"))
}
