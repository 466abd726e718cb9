// Package inbound reads a request for the ways in that know its method, path and
// headers: the reverse proxy and forward-auth. It finds the route, where the key is and
// what is charged, and refuses what the API behind could read differently. It charges
// nothing, so that every way in decides the same about the same request.
package inbound
