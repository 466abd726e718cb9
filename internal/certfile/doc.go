// Package certfile keeps a certificate of TLS and its private key, which two files in
// PEM form hold. It reads them again when they change, as whatever renews a certificate
// writes them, and keeps the certificate that it has while the new files are not whole.
package certfile
