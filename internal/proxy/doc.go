// Package proxy is the reverse proxy. It charges a request, and only then passes it
// on to the upstream, the API behind it.
//
// The upstream gets the request's method, path and query byte for byte (without query
// parameters that hold a secret), its body as a stream, its headers without the
// secret, and
//
//   - X-Auth-Subject (the key's owner, else its id), X-Auth-Key-Id and
//     X-Auth-Plan: always set, empty on free routes;
//   - X-Request-Id, and X-Forwarded-For, -Host and -Proto;
//   - the fixed headers of the configuration.
//
// Nobody else can set these headers, in any spelling. The client gets the upstream's
// answer, with the header fields that say what remains.
//
// If a request fails, its charge is given back before the answer begins, according to
// the policy of its route. A route may also reserve amounts, and settle what was
// really used when the upstream's answer has ended, in whatever way: the upstream
// reports it.
//
// A request reaches the upstream at most once. Nothing is sent again after a
// connection broke, not even where HTTP would allow it, because a charge pays for one
// call. So if the upstream closes a keep-alive connection at the moment of sending,
// the client gets a 502. To make that rare, connections that were idle for longer
// than 4 seconds aren't used again. A WebSocket is charged at its handshake. Upgrades
// to other protocols are not passed on.
package proxy
