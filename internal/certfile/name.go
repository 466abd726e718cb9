package certfile

import (
	"crypto/x509"
	"strings"
)

// Name returns a name or an address that the certificate is for, as a client may call
// it. It is empty if the file has none, or can't be read.
func (f Files) Name() string {
	text, _, err := readFile(f.Cert)
	if err != nil {
		return ""
	}
	block := firstOf(text, "CERTIFICATE")
	if block == nil {
		return ""
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ""
	}
	for _, name := range certificate.DNSNames {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	if len(certificate.IPAddresses) > 0 {
		return certificate.IPAddresses[0].String()
	}
	return ""
}
