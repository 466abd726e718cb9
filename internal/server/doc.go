// Package server runs Ration's listeners, each with a name, a handler, limits of its
// own and, if it has a certificate, TLS. It binds before it serves, so that a taken
// port is an error at start, and shuts down in order: not ready, requests under way
// finish, then it returns. It opens no database.
package server
