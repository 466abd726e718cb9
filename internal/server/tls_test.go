package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/server"
	"github.com/ration-dev/ration/internal/testcert"
)

// hello answers what the handler knows of its connection.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s, TLS %t", r.Proto, r.TLS != nil && r.TLS.HandshakeComplete)
})

// newCertificate makes a certificate in a directory.
func newCertificate(t *testing.T, dir string) *certfile.Certificate {
	t.Helper()
	cert, key := testcert.New(t, "first", time.Now().Add(time.Hour)).Write(t, dir)
	certificate, err := certfile.Open(certfile.Files{Cert: cert, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// startTLS starts a proxy with TLS whose certificate is in a directory.
func startTLS(t *testing.T, s setup, dir string) *running {
	t.Helper()
	s.Certificate = newCertificate(t, dir)
	return start(t, s)
}

// client trusts everybody, and changes the settings of TLS.
func client(change func(*tls.Config)) *http.Client {
	settings := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} //nolint:gosec // tests what the server takes
	if change != nil {
		change(settings)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: settings, ForceAttemptHTTP2: true}}
}

// dialTLS opens a connection to the proxy.
func (r *running) dialTLS(t *testing.T) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", r.Addr("proxy").String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see client
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

func TestTLSFromVersion12AndWithoutHTTP2(t *testing.T) {
	s := startTLS(t, setup{Proxy: hello}, t.TempDir())
	for name, row := range map[string]struct {
		change func(*tls.Config)
		body   string // empty: refused
	}{
		"as clients are": {nil, "HTTP/1.1, TLS true"},
		"TLS 1.2":        {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, "HTTP/1.1, TLS true"},
		"TLS 1.1":        {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := client(row.change).Get("https://" + s.Addr("proxy").String())
			if row.body == "" {
				if err == nil {
					t.Errorf("got %d", response.StatusCode)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil || string(body) != row.body {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
	for _, offered := range [][]string{{"h2", "http/1.1"}, {"h2"}} {
		c, err := tls.Dial("tcp", s.Addr("proxy").String(), &tls.Config{InsecureSkipVerify: true, NextProtos: offered}) //nolint:gosec // see client
		if err == nil {
			_ = c.Close()
		}
		if len(offered) == 1 && err == nil || len(offered) == 2 && (err != nil || c.ConnectionState().NegotiatedProtocol != "http/1.1") {
			t.Errorf("of %q it takes what it must not: %v", offered, err)
		}
	}
}

func TestCertificateIsReplacedUnderLoadWithoutAFailedRequest(t *testing.T) {
	const clients, renewals = 4, 5
	dir := t.TempDir()
	s := startTLS(t, setup{Proxy: hello}, dir)
	url := "https://" + s.Addr("proxy").String()
	var requests, seen atomic.Int64 // seen: names of certificates, as bits
	end := make(chan struct{})
	var load sync.WaitGroup
	for n := range clients {
		fresh := n%2 == 0 // a connection for each request
		load.Go(func() {
			one := client(nil)
			one.Transport.(*http.Transport).DisableKeepAlives = fresh
			for {
				select {
				case <-end:
					one.CloseIdleConnections()
					return
				default:
				}
				response, err := one.Get(url)
				if err != nil {
					t.Errorf("request %d: %v", requests.Load(), err)
					return
				}
				_, err = io.Copy(io.Discard, response.Body)
				if err := errors.Join(err, response.Body.Close()); err != nil {
					t.Error(err)
				}
				requests.Add(1)
				if fresh {
					var number int
					_, _ = fmt.Sscanf(response.TLS.PeerCertificates[0].Subject.CommonName, "renewal %d", &number)
					seen.Or(1 << number)
				}
			}
		})
	}
	timeout := time.After(20 * time.Second)
	for n := 1; n <= renewals; n++ {
		testcert.New(t, fmt.Sprintf("renewal %d", n), time.Now().Add(time.Hour)).Write(t, dir)
		for seen.Load()&(1<<n) == 0 {
			select {
			case <-timeout:
				t.Fatalf("renewal %d was not taken over", n)
			case <-time.After(time.Millisecond):
			}
		}
	}
	close(end)
	load.Wait()
	if requests.Load() < renewals*clients {
		t.Errorf("%d requests were no load", requests.Load())
	}
}

// lines is a log that many write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestWhoSpeaksHTTPToTLSIsToldAndLogged(t *testing.T) {
	log := new(lines)
	s := startTLS(t, setup{Proxy: hello, Log: slog.New(slog.NewTextHandler(log, nil))}, t.TempDir())
	response, err := http.Get("http://" + s.Addr("proxy").String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil || response.StatusCode != 400 || !strings.Contains(string(body), "begin the URL with https://") {
		t.Errorf("got %d %q, %v", response.StatusCode, body, err)
	}
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "the client spoke HTTP") {
		t.Errorf("the log says %s", log)
	}
}

// What is bounded and watched without TLS is with it.
func TestTLSKeepsWhatIsBoundedAndWatched(t *testing.T) {
	bounds := bound.Config{Pace: bound.Pace{BytesPerSecond: 1000, Grace: 100 * time.Millisecond}}
	ended := make(chan error, 1)
	s := startTLS(t, setup{ProxyBounds: bounds, Proxy: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if r.URL.Path == "/slow" {
			ended <- err
		}
	})}, t.TempDir())
	for name, row := range map[string]struct {
		text     string
		statuses []int // until the connection ends
	}{
		"two lengths":         {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", []int{200}},
		"two requests":        {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", []int{200, 200}},
		"thousands of fields": {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("x:\n", 9000), []int{431}},
		"large fields":        {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", []int{431}},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.dialTLS(t)
			if _, err := io.WriteString(c, row.text); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(c)
			for _, want := range row.statuses {
				response, err := http.ReadResponse(reader, nil)
				if err != nil || response.StatusCode != want {
					t.Fatalf("got %v, %v, want %d", response, err, want)
				}
				_, _ = io.Copy(io.Discard, response.Body)
			}
			if _, err := reader.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("the connection goes on: %v", err)
			}
		})
	}
	c := s.dialTLS(t)
	if _, err := io.WriteString(c, "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a slow body ended with %v", err)
	}
}

// A client that takes nothing of an answer is let go, beneath TLS, where a write that
// waits can go on without breaking the connection of one that does.
func TestTLSAnswersAreCutOffWhereNobodyReads(t *testing.T) {
	bounds := bound.Config{Pace: bound.Pace{BytesPerSecond: 1000, Grace: 200 * time.Millisecond}}
	ended := make(chan error, 1)
	s := startTLS(t, setup{ProxyBounds: bounds, Proxy: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				ended <- err
				return
			}
		}
	})}, t.TempDir())
	c := s.dialTLS(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the answer is written for ever")
	}
}

// TestIdleConnectionWithTLSMakesRoom: each connection takes the place of the one before,
// which is left open, once the server knows that it is idle. That may be a moment after
// its client has read the answer.
func TestIdleConnectionWithTLSMakesRoom(t *testing.T) {
	s := startTLS(t, setup{Proxy: hello, ProxyBounds: bound.Config{Connections: 1}}, t.TempDir())
	deadline := time.Now().Add(20 * time.Second)
	for answered := 0; answered < 3; {
		switch status, err := s.askOverTLS(t); {
		case err == nil && status != http.StatusOK:
			t.Fatalf("got %d", status)
		case err == nil:
			answered++
		case time.Now().After(deadline):
			t.Fatalf("the place of a connection that is idle stays taken: %v", err)
		}
	}
}

// askOverTLS sends a request on a connection of its own, and leaves it open.
func (r *running) askOverTLS(t *testing.T) (status int, err error) {
	t.Helper()
	c, err := tls.Dial("tcp", r.Addr("proxy").String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // see client
	if err != nil {
		return 0, err
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return 0, err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func TestConnectionThatNeverSpeaksTLSEnds(t *testing.T) {
	s := run(t, server.Config{Listeners: []server.Listener{{
		Name: "proxy", Address: "127.0.0.1:0", Certificate: newCertificate(t, t.TempDir()), Limits: server.Limits{ReadHeaderTimeout: 50 * time.Millisecond},
	}}})
	c, err := net.Dial("tcp", s.Addr("proxy").String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.ReadAll(c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("it is waited for")
	}
}

func TestConnectionWithTLSCanBeTakenOver(t *testing.T) {
	s := startTLS(t, setup{Proxy: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\n\r\n")
		line, _ := buffered.ReadString('\n')
		_, _ = io.WriteString(c, "echo "+line)
	})}, t.TempDir())
	c := s.dialTLS(t)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\nwords\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(got), "echo words\n") {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUnixSocketIsAListener(t *testing.T) {
	path := t.TempDir() + "/s"
	socket, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, server.Config{Listeners: []server.Listener{
		{Name: "verify API", Address: "127.0.0.1:0"},
		{Name: "administration", Bound: socket, Handler: hello, Health: true, Limits: server.Limits{Clients: bound.Config{PerAddress: 1, NewPerAddress: 1}}},
	}})
	if got := s.Addr("administration").String(); got != path {
		t.Errorf("it is bound to %s", got)
	}
	for range 3 { // its peers have no address, and are bounded together only
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("got %v, %v", response, err)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}
