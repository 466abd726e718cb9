// Package verify is the verify API: a service sends what its client sent, and
// learns what was decided and what to answer.
//
// The status speaks of the caller alone: 200 whenever a decision was made,
// whatever it was; 401 and 403 for its token, 4xx for its request, 503 while
// nothing can be decided.
package verify
