package bound_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/bound"
)

// paced wants 500 bytes a second, as the settings do.
var paced = bound.Config{Pace: bound.Pace{BytesPerSecond: 500}}

// pause waits, and reports whether the test goes on.
func pause(done <-chan struct{}, d time.Duration) bool {
	select {
	case <-done:
		return false
	case <-time.After(d):
		return true
	}
}

// upload is what a handler has read of a body.
type upload struct {
	bytes int64
	err   error
	took  time.Duration
}

// receive serves uploads, and answers once one has ended.
func receive(t *testing.T, inner net.Listener, config bound.Config) <-chan upload {
	t.Helper()
	uploads := make(chan upload, 1)
	serve(t, inner, config, func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		n, err := io.Copy(io.Discard, r.Body)
		uploads <- upload{n, err, time.Since(start)}
		ok(w, r)
	})
	return uploads
}

func TestBodiesMustGoOn(t *testing.T) {
	for _, row := range []struct {
		name  string
		piece int
		every time.Duration
		cut   bool
	}{
		{"nothing", 0, time.Second, true},
		{"a byte in ten seconds", 1, 10 * time.Second, true},
		{"a byte in a second", 1, time.Second, true},
		{"most of what is due", 490, time.Second, true},
		{"what is due", 500, time.Second, false},
		{"what is due, in bursts", 9000, 18 * time.Second, false},
		{"bursts, and too long between them", 100_000, 21 * time.Second, true},
		{"much more", 50_000, time.Second, false},
	} {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, chunked %t", row.name, chunked), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					inner := newPipes()
					uploads := receive(t, inner, paced)
					client := inner.dial(t, "203.0.113.7")
					pieces := int(20 * time.Minute / row.every)
					if chunked {
						_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
					} else {
						_, _ = fmt.Fprintf(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", max(pieces*row.piece, 1))
					}
					done := make(chan struct{})
					defer close(done)
					go func() {
						for range pieces {
							piece := strings.Repeat("x", row.piece)
							if chunked && row.piece > 0 {
								piece = fmt.Sprintf("%x\r\n%s\r\n", row.piece, piece)
							}
							if _, err := io.WriteString(client, piece); err != nil {
								return
							}
							if !pause(done, row.every) {
								return
							}
						}
						if chunked {
							_, _ = io.WriteString(client, "0\r\n\r\n")
						}
					}()
					got := <-uploads
					switch {
					case row.cut && !errors.Is(got.err, os.ErrDeadlineExceeded):
						t.Errorf("got %+v, want that it is cut off", got)
					case !row.cut && (got.err != nil || got.bytes != int64(pieces*row.piece)):
						t.Errorf("got %+v, want all", got)
					}
				})
			})
		}
	}
}

func TestTimeThatNobodyWaitsForTheClientCountsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, result := newPipes(), make(chan error, 1)
		serve(t, inner, paced, func(w http.ResponseWriter, r *http.Request) {
			var err error
			for range 10 { // an upstream that takes a piece in an hour
				time.Sleep(time.Hour)
				if _, err = io.ReadFull(r.Body, make([]byte, 10)); err != nil {
					break
				}
			}
			result <- err
			ok(w, r)
		})
		client := inner.dial(t, "203.0.113.7")
		go func() {
			_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"+strings.Repeat("x", 100))
		}()
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

// TestBodyThatNobodyReadsHoldsNothing answers without a look at the body, which
// never comes: the server itself waits for it, for a while.
func TestBodyThatNobodyReadsHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		serve(t, inner, paced, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no key", http.StatusUnauthorized) })
		client := inner.dial(t, "203.0.113.7")
		start := time.Now()
		_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
		reader := bufio.NewReader(client)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != http.StatusUnauthorized {
			t.Fatalf("got %v, %v", response, err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		if _, err := reader.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("after the answer: %v", err)
		}
		if took := time.Since(start); took > 25*time.Second {
			t.Errorf("it held the connection for %s", took)
		}
	})
}

// stream answers with pieces, some time apart, and tells why it ended.
func stream(t *testing.T, inner net.Listener, config bound.Config, pieces, size int, apart time.Duration) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	serve(t, inner, config, func(w http.ResponseWriter, r *http.Request) {
		controller := http.NewResponseController(w)
		for range pieces {
			if r.Context().Err() != nil {
				ended <- r.Context().Err()
				return
			}
			if _, err := w.Write(make([]byte, size)); err != nil {
				ended <- err
				return
			}
			if err := controller.Flush(); err != nil {
				ended <- err
				return
			}
			time.Sleep(apart)
		}
		ended <- nil
	})
	return ended
}

func TestAnswersMustBeRead(t *testing.T) {
	for _, row := range []struct {
		name  string
		bytes int // the client reads
		every time.Duration
		cut   bool
	}{
		{"not at all", 0, time.Second, true},
		{"a byte in ten seconds", 1, 10 * time.Second, true},
		{"most of what is due", 490, time.Second, true},
		{"what is due", 510, time.Second, false}, // the head and the framing of chunks are part of it
		{"in bursts", 10_000, 18 * time.Second, false},
		{"too long between bursts", 100_000, 21 * time.Second, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := newPipes()
				const pieces, size = 1000, 3000
				ended := stream(t, inner, paced, pieces, size, 0)
				client := inner.dial(t, "203.0.113.7")
				_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
				done := make(chan struct{})
				defer close(done)
				go func() {
					for read := 0; row.bytes > 0 && read < pieces*size && pause(done, row.every); read += row.bytes {
						if _, err := io.CopyN(io.Discard, client, int64(row.bytes)); err != nil {
							return
						}
					}
					if !row.cut { // what is left is framing
						_, _ = io.Copy(io.Discard, client)
					}
				}()
				if err := <-ended; (err != nil) != row.cut {
					t.Errorf("the answer ended with %v", err)
				}
				_ = client.Close()
			})
		})
	}
}

// TestSilentStreamsLive has events that are hours apart, or never come.
func TestSilentStreamsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		ended := stream(t, inner, paced, 10, 20, 5*time.Hour)
		client := inner.dial(t, "203.0.113.7")
		go func() { _, _ = io.Copy(io.Discard, client) }()
		_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestConnectionsThatWereTakenOverLive is a WebSocket that is silent for days, and
// then talks in both ways.
func TestConnectionsThatWereTakenOverLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, result := newPipes(), make(chan error, 1)
		serve(t, inner, paced, func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				result <- err
				return
			}
			defer func() { _ = c.Close() }()
			if _, err = c.Read(make([]byte, 5)); err == nil {
				time.Sleep(48 * time.Hour)
				_, err = c.Write([]byte("there"))
			}
			result <- err
		})
		client := inner.dial(t, "203.0.113.7")
		_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		time.Sleep(48 * time.Hour)
		_, _ = io.WriteString(client, "hello")
		if _, err := io.ReadFull(client, make([]byte, 5)); err != nil {
			t.Error(err)
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
	})
}

func TestPaceCanBeLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		uploads := receive(t, inner, bound.Config{})
		client := inner.dial(t, "203.0.113.7")
		_, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
		time.Sleep(24 * time.Hour)
		_, _ = io.WriteString(client, "y")
		if got := <-uploads; got.err != nil || got.bytes != 2 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestConnectionIsGoodForAnotherRequestAfterAnySilence sends a request with a body,
// and the next one much later.
func TestConnectionIsGoodForAnotherRequestAfterAnySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		uploads := receive(t, inner, paced)
		client := inner.dial(t, "203.0.113.7")
		for range 3 {
			go func() { _, _ = io.WriteString(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nxy") }()
			if response, err := http.ReadResponse(bufio.NewReader(client), nil); err != nil || response.StatusCode != http.StatusOK {
				t.Fatalf("got %v, %v", response, err)
			}
			<-uploads
			time.Sleep(30 * time.Minute)
		}
	})
}
