package bound_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
)

// answerOf serves an answer of so many bytes on a socket, and tells how it ended.
func answerOf(t *testing.T, inner net.Listener, bytes int64, pace bound.Pace) <-chan error {
	t.Helper()
	ended := make(chan error, 1)
	serve(t, inner, bound.Config{Pace: pace}, func(w http.ResponseWriter, _ *http.Request) {
		_, err := io.CopyN(w, zeros{}, bytes)
		ended <- err
	})
	return ended
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func ask(t *testing.T, inner net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClientThatReadsNothingIsCutOff does not read more than what the system keeps
// for it.
func TestClientThatReadsNothingIsCutOff(t *testing.T) {
	inner := listen(t)
	ended := answerOf(t, inner, 1<<30, bound.Pace{BytesPerSecond: 100_000, Grace: 400 * time.Millisecond})
	ask(t, inner)
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the answer ended with %v", err)
	}
}

// TestClientThatReadsSteadilyIsServed reads no faster than it must, in small pieces,
// and far more than what the system keeps for it: that writing goes on only now and
// then is not its fault.
func TestClientThatReadsSteadilyIsServed(t *testing.T) {
	inner := listen(t)
	ended := answerOf(t, inner, 24<<20, bound.Pace{BytesPerSecond: 4 << 20, Grace: 500 * time.Millisecond})
	c := ask(t, inner)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := io.CopyN(io.Discard, c, 256<<10); err != nil {
			break
		}
		<-tick.C
	}
	if err := <-ended; err != nil {
		t.Errorf("the answer ended with %v", err)
	}
}
