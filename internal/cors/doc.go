// Package cors says which web pages may call the API from a browser, by the
// CORS protocol (Fetch standard, sections 3.3 and 4.9).
//
// A page of another origin can send a key only after a preflight: an OPTIONS
// request without a key, to which the answer says what the page may send. And it
// can read an answer, also a refusal, only if the answer names its origin.
package cors
