package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
)

// FuzzPathDecision wants that the path which was decided on is the path that
// the upstream reads, byte for byte and after decoding, and that nothing outside
// /free/ gets there for nothing.
func FuzzPathDecision(f *testing.F) {
	for _, target := range []string{
		"/free/x", "/free/../paid", "/free/%2e%2e/paid", "/free/..%2fpaid", "/free//paid", "//free/paid", "/free;/../paid", `/free\..\paid`, "/free/%5c../paid",
		"/free/%252e%252e/paid", "/free/x?../paid", "/free/x#/../paid", "/FREE/x", "/free/./../paid", "/free/%00/paid", "/%66ree/x", "http://h/free/x", "/free/\xc3\xa9", "/free/%c3%a9|^`{}\"<>",
	} {
		f.Add(target)
	}
	var last atomic.Pointer[http.Request]
	echo := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { last.Store(r) }))
	f.Cleanup(echo.Close)
	parsed, err := url.Parse(echo.URL)
	if err != nil {
		f.Fatal(err)
	}
	table, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/free/*", Free: true}}})
	if err != nil {
		f.Fatal(err)
	}
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK}}
	p, err := proxy.New(proxy.Config{Upstream: parsed, Routes: table, Gate: rationhttp.Gate{Charger: charger}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.Close)
	server := httptest.NewServer(p)
	f.Cleanup(server.Close)

	f.Fuzz(func(t *testing.T, target string) {
		if strings.ContainsAny(target, "\r\n") {
			return // it ends the request line
		}
		last.Store(nil)
		connection, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", target)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			return // closed without a word, as for HTTP/0.9
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		got := last.Load()
		if got == nil {
			return
		}
		if got.RequestURI != target {
			t.Errorf("upstream got %q for %q", got.RequestURI, target)
		}
		if cleaned := path.Clean(got.URL.Path); !strings.HasPrefix(got.URL.Path, "/free/") || cleaned != strings.TrimSuffix(got.URL.Path, "/") {
			t.Errorf("free of charge: %q", got.URL.Path)
		}
	})
}

// FuzzForwardedHeaders wants that whatever headers a client invents, the
// upstream gets ours as we set them, and never the secret.
func FuzzForwardedHeaders(f *testing.F) {
	for _, lines := range []string{
		"X-Auth-Subject: eve", "x_auth_subject: eve", "Connection: X-Auth-Plan", "Connection:\r\nConnection: x-upstream-password", "Authorization: Bearer " + canary,
		"Referer: https://h/" + canary, "X-Api_Key: " + canary, "Trailer: X-Auth-Subject", "Te: trailers", "Upgrade: websocket\r\nConnection: upgrade", "Expect: 100-continue",
	} {
		f.Add(lines)
	}
	var last atomic.Pointer[http.Request]
	echo := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { last.Store(r) }))
	f.Cleanup(echo.Close)
	parsed, err := url.Parse(echo.URL)
	if err != nil {
		f.Fatal(err)
	}
	table, err := route.Compile(route.Config{})
	if err != nil {
		f.Fatal(err)
	}
	charger := &fakeCharger{decision: ration.Decision{Code: ration.CodeOK, KeyID: ration.KeyID{1}, Owner: "ada", Plan: "free"}}
	p, err := proxy.New(proxy.Config{Upstream: parsed, Routes: table, Gate: rationhttp.Gate{Charger: charger}, Headers: map[string]string{"X-Upstream-Password": "hunter2"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.Close)

	f.Fuzz(func(t *testing.T, lines string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: " + canary + "\r\n" + lines + "\r\n\r\n")))
		if err != nil {
			return
		}
		if r.URL.Path != "/" || strings.Contains(r.URL.RawQuery, canary) {
			return
		}
		last.Store(nil)
		r.RemoteAddr = "192.0.2.1:1"
		p.ServeHTTP(httptest.NewRecorder(), r.WithContext(t.Context()))
		got := last.Load()
		if got == nil {
			return
		}
		checkIdentity(t, got.Header)
	})
}
