package config

import (
	"errors"
	"strings"

	"github.com/ration-dev/ration/internal/certfile"
)

// The settings of certificates. Each listener has two, which belong together.
const (
	tlsCertFile      = "tls_cert_file"
	tlsKeyFile       = "tls_key_file"
	apiTLSCertFile   = "api_" + tlsCertFile
	apiTLSKeyFile    = "api_" + tlsKeyFile
	adminTLSCertFile = "admin_" + tlsCertFile
	adminTLSKeyFile  = "admin_" + tlsKeyFile
	envoyTLSCertFile = "envoy_" + tlsCertFile
	envoyTLSKeyFile  = "envoy_" + tlsKeyFile
)

// TLSFiles has the settings for a listener's certificate, and the files that they
// name.
type TLSFiles struct {
	certfile.Files
	CertSetting, KeySetting string
}

// Certificates has the files of each listener's certificate. If a listener has none,
// they name no file.
type Certificates struct {
	Proxy, API, Admin, Envoy TLSFiles
}

// All returns the files of all listeners.
func (c Certificates) All() []TLSFiles { return []TLSFiles{c.Proxy, c.API, c.Admin, c.Envoy} }

// Certificates returns the files of the listeners' certificates.
func (c *Config) Certificates() Certificates {
	return Certificates{
		Proxy: TLSFiles{c.TLS, tlsCertFile, tlsKeyFile},
		API:   TLSFiles{c.APITLS, apiTLSCertFile, apiTLSKeyFile},
		Admin: TLSFiles{c.AdminTLS, adminTLSCertFile, adminTLSKeyFile},
		Envoy: TLSFiles{c.EnvoyTLS, envoyTLSCertFile, envoyTLSKeyFile},
	}
}

// Open reads a certificate and its key, or returns nil if no file is named. Its error
// is an [Error] that names the setting.
func (f TLSFiles) Open() (*certfile.Certificate, error) {
	if f.IsZero() {
		return nil, nil
	}
	certificate, err := certfile.Open(f.Files)
	if err != nil {
		return nil, &Error{Where: f.settingOf(err), Reason: err.Error()}
	}
	return certificate, nil
}

func (f TLSFiles) settingOf(err error) string {
	if fault, ok := errors.AsType[*certfile.Error](err); ok && fault.OfKey {
		return f.KeySetting
	}
	return f.CertSetting
}

// checkTLS refuses a certificate without its key, and a key without its certificate.
func (c *Config) checkTLS(file map[string]fileValue, environment map[string]string, sources Sources) (faults []*Error) {
	for _, files := range c.Certificates().All() {
		given, path, missing := files.CertSetting, files.Cert, files.KeySetting
		if path == "" {
			given, path, missing = files.KeySetting, files.Key, files.CertSetting
		}
		if files.IsZero() || files.Cert != "" && files.Key != "" {
			continue
		}
		s := find(given)
		faults = append(faults, faultOf(s.given(file, environment, sources.Flags)[0], s, invalid(path, "a certificate needs its key, and a key its certificate: set "+missing+" too")))
	}
	return faults
}

// parseFile reads a path. What is there is read by the command that needs it.
func parseFile(value string) (string, error) {
	if strings.ContainsRune(value, 0) {
		return "", invalid(value, "a path has no NUL")
	}
	return value, nil
}
