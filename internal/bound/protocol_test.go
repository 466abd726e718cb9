package bound_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
)

// TestConnectionsOfAnotherProtocol pass whatever looks like too large a head of HTTP/1.1,
// and make no room for others: nobody knows when they carry nothing.
func TestConnectionsOfAnotherProtocol(t *testing.T) {
	inner, refused := listen(t), &refusals{}
	bounded := bound.New(inner, bound.Config{Connections: 1, Refused: refused.note, OtherProtocol: true})
	t.Cleanup(func() { _ = bounded.Close() })
	go func() {
		for {
			c, err := bounded.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(30 * time.Second))
		return c
	}
	first := dial()
	for range 2 {
		text := "GET / HTTP/1.1\r\n" + strings.Repeat("a: b\r\n", 2*bound.MaxFields)
		if _, err := io.WriteString(first, text); err != nil {
			t.Fatal(err)
		}
		back := make([]byte, len(text))
		if _, err := io.ReadFull(first, back); err != nil || string(back) != text {
			t.Fatalf("got %q, %v", back, err)
		}
		if n, err := dial().Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("another connection was not refused: %v", err)
		}
	}
	if refused.count(bound.TooMany) == 0 { // the second may be told of a moment after its end
		t.Error("nobody was told")
	}
}
