// Package tracing makes OpenTelemetry traces: a span for each request to a way in, one
// for each batch that decided some of them, and one for each call of the upstream.
//
// Spans say what the access log says: the way in, the route's name, the code, the key's
// id, the request's id. They have no secret, no path, no query and no header.
//
// Everything is off unless the standard variables ask for it ([New]); a nil [Tracer] does
// nothing, and costs nothing. A way in is traced by putting [Tracer.Handler] before it
// (or [Tracer.Unary], over gRPC) and passing [Tracer.Observe] its events: internal/cli
// puts that into the observer that all ways in share.
package tracing
