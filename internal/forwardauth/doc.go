// Package forwardauth answers gateways that ask, before they pass a request on, whether
// it may pass: by "forward-auth" (nginx, Caddy, Traefik, HAProxy) the gateway says in
// headers which request that is; by "ext-authz" (Envoy over HTTP) it sends the request's
// own method and path, below a prefix. The request is read as the proxy reads it, by the
// same routes.
//
// Status 200 lets a request pass, and has the headers for the upstream: X-Auth-Subject,
// X-Auth-Key-Id, X-Auth-Plan and X-Auth-Reservation, always set so that a gateway
// overwrites what a client sent, X-Request-Id, and the fields that say what remains. Any
// other answer is what the client is to get. Bodies are never read.
//
// Only peers of trusted_proxies may ask: whoever may say which request it is may say
// that it is a free one.
package forwardauth
