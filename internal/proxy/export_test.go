package proxy

import (
	"crypto/tls"
	"crypto/x509"
)

// Trust makes a proxy believe an upstream's certificate, before it serves.
func (p *Proxy) Trust(certificate *x509.Certificate) {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	p.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
}

// Waiting returns how many requests wait for the upstream.
func (p *Proxy) Waiting() int { return p.capacity.inFlight.Waiting() }
