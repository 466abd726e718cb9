// Package rationhttp puts Ration in front of an http.Handler. It also has what all
// HTTP integrations share, so that each rule has one place:
//
//   - [Sources] finds the secret that a client sent, and strips it from the request;
//   - [Gate] asks an engine in the name of a caller;
//   - [Responder] turns a decision or an error into status, headers and body.
//
// A Go service needs only [Middleware]:
//
//	limit := rationhttp.Middleware(engine)
//	http.Handle("/ask", limit(http.HandlerFunc(ask)))
//
// Inside ask, [DecisionFrom] returns the decision: whose key it was, and what remains.
//
// An upstream is the API that a proxy passes requests on to.
//
// All types are safe for concurrent use once they are set up.
package rationhttp
