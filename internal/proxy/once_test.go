package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/route"
)

// TestNothingIsSentTwice is for http.Transport's habit of sending a request
// again when a kept-alive connection turns out to be closed: requests of
// idempotent methods, and of any method with an idempotency key.
func TestNothingIsSentTwice(t *testing.T) {
	for _, headers := range [][]string{nil, {"Idempotency-Key: 1"}, {"X-Idempotency-Key: 1"}} {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE"} {
			t.Run(method+strings.Join(headers, ""), func(t *testing.T) {
				target, reached := answersOnceAConnection(t)
				f := newFixture(t, target, route.Config{})
				headers := append([]string{"X-API-Key: " + canary}, headers...)
				// The first call opens a connection, and the next one takes it. Under load it may
				// not have been given back yet; then that call is another first one.
				response, sent := f.do(t, "GET", "/first", nil, headers...), int64(1)
				for ; response.StatusCode == 200 && sent < 100; sent++ {
					_, _ = io.Copy(io.Discard, response.Body)
					response = f.do(t, method, "/next", nil, headers...)
				}
				if response.StatusCode != 502 {
					t.Errorf("got %d from a connection that was closed", response.StatusCode)
				}
				if got := reached.Load(); got != sent {
					t.Errorf("the upstream was reached %d times for %d charges", got, sent)
				}
			})
		}
	}
}

// answersOnceAConnection is an upstream that answers the first request of a
// connection and closes it upon the next, as if it had been idle too long. It
// counts the requests that reached it.
func answersOnceAConnection(t *testing.T) (string, *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	reached := new(atomic.Int64)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				reader := bufio.NewReader(connection)
				for served := 0; served < 2; served++ {
					if _, err := http.ReadRequest(reader); err != nil {
						return
					}
					reached.Add(1)
					if served == 0 {
						fmt.Fprint(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), reached
}

func TestARequestWithoutABodyStaysWithoutOne(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "DELETE"} {
		f.do(t, method, "/", nil, "X-API-Key: "+canary)
	}
	for _, method := range []string{"POST", "PUT", "PATCH"} {
		f.raw(t, method+" / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\nIdempotency-Key: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
	for _, got := range u.received() {
		if got.body != "" || len(got.TransferEncoding) != 0 || got.ContentLength != 0 {
			t.Errorf("%s came with a body: %v, %d, %q", got.Method, got.TransferEncoding, got.ContentLength, got.body)
		}
	}
	if got := u.received(); len(got) != 7 {
		t.Errorf("%d requests reached the upstream", len(got))
	} else if key := got[6].Header.Get("Idempotency-Key"); key != "1" {
		t.Errorf("the idempotency key arrived as %q", key)
	}
}
