// Package server runs Ration's listeners. Each has a name, a handler, its own limits
// and, if it has a certificate, TLS. The server binds all addresses before it serves,
// so that a taken port is an error at the start. It shuts down in order: first it is
// no longer ready, then requests under way finish, then it returns. It opens no
// database.
package server
