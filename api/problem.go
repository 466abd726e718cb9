package api

import "time"

// ProblemContentType is the media type of a [Problem].
const ProblemContentType = "application/problem+json"

// Problem types of draft-ietf-httpapi-ratelimit-headers. A problem without a type has
// the type "about:blank": its status and its code say everything.
const (
	TypeQuotaExceeded            = "https://iana.org/assignments/http-problem-types#quota-exceeded"
	TypeAbnormalUsageDetected    = "https://iana.org/assignments/http-problem-types#abnormal-usage-detected"
	TypeTemporaryReducedCapacity = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
)

// Problem is the body of every answer that is not a success (RFC 9457). Code is
// stable and meant for programs; Title and Detail are for people and may change.
type Problem struct {
	Type      string `json:"type,omitempty"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Code      string `json:"code"`
	RequestID string `json:"request_id,omitempty"`

	// ViolatedPolicies names the limits that refused a charge, as the
	// RateLimit fields name them.
	ViolatedPolicies []string `json:"violated-policies,omitempty"`

	// These describe the limit that refuses for the longest time: its size, what is
	// used, what the request asked for, and when there is more of it.
	Limit    *Number    `json:"limit,omitempty"`
	Used     *Number    `json:"used,omitempty"`
	Cost     *Number    `json:"cost,omitempty"`
	ResetsAt *time.Time `json:"resets_at,omitempty"`

	// UsageURL is where the holder of the key learns what it has used: a reference
	// (RFC 3986), to be resolved against the request's URL. Answers with status 429 have
	// it, where such a place is known.
	UsageURL string `json:"usage_url,omitempty"`

	// RetryAfter is in seconds, and equals the header field Retry-After. If it is
	// absent, waiting does not help.
	RetryAfter *int64 `json:"retry_after,omitempty"`

	// Errors says what is wrong with a request body.
	Errors []FieldError `json:"errors,omitempty"`
}

// FieldError points at one fault of a request body.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON pointer (RFC 6901), such as "/amounts/tokens"; "" is the whole body
	Detail  string `json:"detail"`
}
