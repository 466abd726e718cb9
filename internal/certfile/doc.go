// Package certfile reads a TLS certificate and its private key from two PEM files. It
// reads them again when they change, as they do when a certificate is renewed. While
// the new files are incomplete, it keeps the certificate that it has.
package certfile
