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
				first := f.do(t, "GET", "/first", nil, headers...)
				_, _ = io.Copy(io.Discard, first.Body)
				second := f.do(t, method, "/second", nil, headers...)
				if first.StatusCode != 200 || second.StatusCode != 502 {
					t.Errorf("got %d and %d", first.StatusCode, second.StatusCode)
				}
				if got := reached.Load(); got != 2 {
					t.Errorf("the upstream was reached %d times for 2 charges", got)
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
