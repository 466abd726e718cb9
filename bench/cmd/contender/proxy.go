package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// idleConnections is enough for every connection of a client to have one to the upstream:
// with net/http's own 2, the proxy would open a new one for most requests.
const idleConnections = 1024

// serveProxy serves a reverse proxy as the standard library has it.
func serveProxy(target string) error {
	upstream, err := url.Parse(target)
	if err != nil {
		return err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = idleConnections, idleConnections
	return serve(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // a log of its own would tell of each client that has gone
	})
}
