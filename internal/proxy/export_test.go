package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// Believed and Endings are the lists that the documentation has too.
var Believed, Endings = believed, endings

// Cleaner returns what is done to the header of a request that presents a secret.
func Cleaner(secret string) func(http.Header) {
	table, err := route.Compile(route.Config{})
	if err != nil {
		panic(err)
	}
	config := Config{Routes: table}.withDefaults()
	p := &Proxy{config: config, hygiene: newHygiene(config)}
	x := &exchange{route: &route.Compiled{}, answer: rationhttp.Answer{Credential: rationhttp.Credential{Secret: ration.SecretFromText(secret)}}}
	return func(header http.Header) {
		p.hygiene.clean(header, false)
		p.stripSecret(header, x)
	}
}

// Trust makes a proxy believe an upstream's certificate, before it serves.
func (p *Proxy) Trust(certificate *x509.Certificate) {
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	p.transport.TLSClientConfig = &tls.Config{RootCAs: roots}
}

// Waiting returns how many requests wait for the upstream.
func (p *Proxy) Waiting() int { return p.capacity.inFlight.Waiting() }
