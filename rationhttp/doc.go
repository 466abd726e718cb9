// Package rationhttp puts Ration in front of an http.Handler, and holds what
// every HTTP integration shares, so that each rule has one place:
//
//   - [Sources] finds the secret that a client sent, and strips it;
//   - [Gate] asks an engine in the name of a request;
//   - [Responder] turns a decision or an error into status, headers and body.
//
// For a Go service, [Middleware] is all it takes:
//
//	limit := rationhttp.Middleware(engine)
//	http.Handle("/ask", limit(http.HandlerFunc(ask)))
//
// Inside ask, [DecisionFrom] tells whose key it was and what remains.
//
// All types are safe for concurrent use once they are set up.
package rationhttp
