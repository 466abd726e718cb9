package api

// VerifyRequest is the body of POST /v1/verify. A member that is null counts as left
// out.
type VerifyRequest struct {
	Secret  string            `json:"secret"`            // the text that the client sent; empty: it sent none
	Amounts map[string]Number `json:"amounts,omitempty"` // by meter; none: one request
	Scope   string            `json:"scope,omitempty"`   // that the key must have
	IP      string            `json:"ip,omitempty"`      // the client's address, for keys with an allow list
	DryRun  bool              `json:"dry_run,omitempty"` // decide and change nothing
}

// VerifyResponse is the answer to POST /v1/verify. Its status is 200 whenever a
// decision was made.
type VerifyResponse struct {
	Allowed    bool           `json:"allowed"`
	Code       string         `json:"code"`
	Key        *Key           `json:"key"`                   // null if the key is unknown
	Limits     []Limit        `json:"limits"`                // those on the charged meters
	RetryAfter *int64         `json:"retry_after,omitempty"` // seconds; absent: waiting does not help
	DryRun     bool           `json:"dry_run,omitempty"`
	Replayed   bool           `json:"replayed,omitempty"` // this is the decision of an earlier, equal request; nothing was charged this time
	Response   ClientResponse `json:"response"`

	// Explanation says how each limit decides, and why. Only a dry run with a known
	// key has one.
	Explanation *Explanation `json:"explanation,omitempty"`
}

// VerifyFailure is the answer to one of several questions that got no decision. The problem
// is what the question would have got alone.
type VerifyFailure struct {
	Allowed bool    `json:"allowed"` // false
	Code    string  `json:"code"`    // of the problem
	Problem Problem `json:"problem"`
}

// MinimalResponse is the answer to a question that was admitted, if the caller prefers
// return=minimal (RFC 7240).
type MinimalResponse struct {
	Allowed bool   `json:"allowed"` // true
	Code    string `json:"code"`    // "ok"
}

// ClientResponse is a ready-made answer for the client. If the charge was allowed,
// add the headers to your own answer, with your own status and body.
type ClientResponse struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"` // to be sent unchanged; empty if allowed
}
