// Package client asks a Ration server over HTTP: [Admin] its admin API, and [Verifier] its
// verify API. Requests and answers are the types of package api.
//
// A client sends a service token; make one with "ration tokens create". It is safe for
// concurrent use, and keeps connections open between calls. Every call ends when its
// context does.
//
// What the server refuses is an [*Error]. To handle one, compare it with errors.Is, such as
// with [ErrNotFound], or look at its Code.
//
// # Retries
//
// A call is sent again, at most Config.Retries times, where that can't do anything twice:
// a read that got no answer, and any call of which the server says that it did nothing
// (store_unavailable) or that never reached it. What creates something, rotates a secret
// or resets a key is sent with an Idempotency-Key of its own, so that the server does it
// once, whatever becomes of the answers. Any other change that got no answer is not sent
// again: it may have been made. Its error is [ErrOutcomeUnknown].
package client
