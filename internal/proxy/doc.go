// Package proxy is the reverse proxy: it charges a request, and passes it on
// only then.
//
// What the upstream gets: the request's method, path and query byte for byte
// (without query parameters that hold a secret), its body as a stream, its
// headers without the secret, and
//
//   - X-Auth-Subject (the key's owner, else its id), X-Auth-Key-Id and
//     X-Auth-Plan: always set, empty on free routes;
//   - X-Request-Id, and X-Forwarded-For, -Host and -Proto;
//   - the fixed headers of the configuration.
//
// Nobody else can set these, under no spelling. What the client gets is the
// upstream's answer with the fields that tell what remains.
//
// What came to nothing is given back, by the policy of its route, before anything
// is answered. A route may reserve instead, and settle what was really used by what
// the upstream reports when its answer has ended, however it ends.
//
// A request reaches the upstream at most once: nothing is sent again after a
// connection broke, not even where HTTP would allow it, because a charge pays
// for one call. A keep-alive connection that the upstream closes at the moment
// of sending is therefore a 502; connections idle for longer than 4 seconds
// aren't used again, which makes that rare. A WebSocket is charged at its
// handshake. Upgrades to other protocols are not passed on.
package proxy
