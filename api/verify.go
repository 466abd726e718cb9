package api

// VerifyRequest is the body of POST /v1/verify. A member that is null is as if
// it were left out.
type VerifyRequest struct {
	Secret  string           `json:"secret"`            // what the client sent; empty: it sent none
	Amounts map[string]int64 `json:"amounts,omitempty"` // by meter; none: one request
	Scope   string           `json:"scope,omitempty"`   // that the key must have
	IP      string           `json:"ip,omitempty"`      // the client's address, for keys with an allow list
	DryRun  bool             `json:"dry_run,omitempty"` // decide and change nothing
}

// VerifyResponse is the answer to POST /v1/verify, with status 200 whenever a
// decision was made.
type VerifyResponse struct {
	Allowed    bool           `json:"allowed"`
	Code       string         `json:"code"`
	Key        *Key           `json:"key"`                   // null if the key is unknown
	Limits     []Limit        `json:"limits"`                // those on the charged meters
	RetryAfter *int64         `json:"retry_after,omitempty"` // seconds; absent: waiting does not help
	DryRun     bool           `json:"dry_run,omitempty"`
	Replayed   bool           `json:"replayed,omitempty"` // it was decided before; nothing was charged this time
	Response   ClientResponse `json:"response"`

	// Explanation says what each limit says and why; only of a dry run with a known key.
	Explanation *Explanation `json:"explanation,omitempty"`
}

// ClientResponse is what to send to the client, ready made. Where the charge
// was allowed, the headers belong on the caller's own answer, and status and
// body are its own affair.
type ClientResponse struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"` // as it stands; empty if allowed
}
