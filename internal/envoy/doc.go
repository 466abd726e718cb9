// Package envoy serves the gRPC protocols by which Envoy asks others: the rate limit
// service (envoy.service.ratelimit.v3) and external authorization
// (envoy.service.auth.v3). Both are ways in: they translate, and decide nothing.
//
// A status of gRPC other than OK speaks of the caller, of what it sent or of the
// database alone; whatever was decided is in the answer.
package envoy
