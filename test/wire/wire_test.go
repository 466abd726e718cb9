package wire_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// names counts the conversations.
var names atomic.Int64

// talk is one conversation: a message, and a request that follows on the same connection.
type talk struct {
	name    string
	answers []int // statuses
}

// dial opens a connection, as clear text is written to it.
func (w way) dial() (net.Conn, error) {
	if !w.secure {
		return net.Dial("tcp", w.address)
	}
	return tls.Dial("tcp", w.address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a certificate of its own
}

// converse sends a message and reads until the other side ends the connection, which
// the request that follows asks for.
func converse(t *testing.T, w way, m message) talk {
	t.Helper()
	c := talk{name: fmt.Sprintf("c%05d", names.Add(1))}
	connection, err := w.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := m.method + " " + w.path + " " + m.version + "\r\nHost: HOST..\r\n" + w.fields + m.fields + "\r\n" + m.body
	if !m.cut {
		text += "GET " + w.after + " HTTP/1.1\r\nHost: HOST..\r\nConnection: close\r\n\r\n"
	}
	_, _ = io.WriteString(connection, strings.ReplaceAll(text, "HOST..", c.name)) // it may be closed before the end
	if m.cut {
		_ = connection.(interface{ CloseWrite() error }).CloseWrite()
	}
	reader, method := bufio.NewReader(connection), m.method
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection neither answers nor ends")
			}
			return c
		}
		if response.StatusCode >= 200 {
			c.answers, method = append(c.answers, response.StatusCode), http.MethodGet
		}
		_, _ = io.Copy(io.Discard, response.Body)
	}
}

// faults says what is wrong with what became of a message.
func faults(w way, m message, answers, charged int, seen []string) string {
	keyed, hides, follows := 0, false, false
	for _, request := range seen {
		hides = hides || strings.HasSuffix(request, "/HIDDEN")
		follows = follows || strings.HasSuffix(request, w.after)
		if !strings.Contains(request, " /free/") {
			keyed++
		}
	}
	want := m.fate
	if w.own {
		want = m.own
	}
	switch {
	case keyed > charged:
		return "more requests reached the upstream than were charged"
	case charged > 1:
		return "one request was charged twice"
	case want != either && hides:
		return "what follows was taken for a request"
	case want == ends && answers > 1, want == ends && follows:
		return "the connection went on"
	case want == lasts && answers != 2:
		return "the connection ended"
	}
	return ""
}

func (m message) withDefaults() message {
	if m.version == "" {
		m.version = "HTTP/1.1"
	}
	if m.method == "" {
		m.method = http.MethodPost
	}
	return m
}

// tries is how often a message may lose a connection that lasts: an answer waits
// only so long for the rest of a body, which a busy machine may exceed.
const tries = 4

func TestNothingUncountedGetsThrough(t *testing.T) {
	ways, tally := newWays(t)
	t.Run("ways", func(t *testing.T) {
		for _, w := range ways {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				for _, m := range messages {
					t.Run(m.name, func(t *testing.T) { try(t, w, m.withDefaults(), tally) })
				}
			})
		}
	})
	if faults := tally.faults.String(); faults != "" {
		t.Errorf("servers complain: %s", faults)
	}
}

func try(t *testing.T, w way, m message, tally *tally) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		c := converse(t, w, m)
		charged, seen := tally.of(c.name)
		fault := faults(w, m, len(c.answers), charged, seen)
		if fault == "the connection ended" && attempt < tries {
			continue
		}
		if fault != "" {
			t.Errorf("%s: answers %v, charged %d, the upstream saw %q", fault, c.answers, charged, seen)
		}
		return
	}
}
