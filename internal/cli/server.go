package cli

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/adminclient"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/inputfile"
)

const (
	// dialTime is how long a server may take to accept a connection.
	dialTime = 10 * time.Second
	// answerTime is how long it may take to begin an answer. Its own operations end
	// sooner, but for those that read the whole database.
	answerTime = 2 * time.Minute
	// maxRoots bounds the file with certificates that are trusted, in bytes.
	maxRoots = 4 << 20
)

// openServer returns the operations of the server that settings name. A patient command
// waits for an answer as long as it takes.
func openServer(settings config.Config, patient bool) (*adminclient.Operations, error) {
	server := settings.Server
	if server.Token.IsZero() {
		return nil, &config.Error{Where: serverNamed(settings), Reason: errNoToken.Error()}
	}
	roots, err := readRoots(server.CAFile)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: dialTime}).DialContext, TLSHandshakeTimeout: dialTime,
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
		ResponseHeaderTimeout: answerTime,
	}
	if patient {
		transport.ResponseHeaderTimeout = 0
	}
	return adminclient.New(client.Config{
		URL: server.URL, Token: client.Token(server.Token.Reveal()),
		HTTP: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	})
}

// readRoots reads the certificates that a server's must lead to; nil: the system's.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // what package tls takes for the system's
	}
	text, err := inputfile.Read(path, maxRoots)
	if err != nil {
		return nil, &config.Error{Where: "ca_file", Reason: unreadable(path, err).Error()}
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, &config.Error{Where: "ca_file", Reason: visible(path) + " has no certificate in PEM form"}
	}
	return roots, nil
}
