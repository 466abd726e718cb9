package framing_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ration-dev/ration/internal/framing"
)

// TestPiecesMakeNoDifference sends requests byte by byte and in one piece: what
// follows an ordinary request goes on, what follows a doubtful one does not.
func TestPiecesMakeNoDifference(t *testing.T) {
	server := httptest.NewUnstartedServer(framing.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })))
	server.Listener = framing.Listener{Listener: server.Listener}
	server.Config.ConnContext = framing.ConnContext
	server.Start()
	defer server.Close()
	const (
		ordinary = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
		chunked  = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-A: b\r\n\r\n"
		both     = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
		old      = "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello"
		last     = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	)
	for _, row := range []struct {
		name, sent string
		answers    int
	}{
		{"ordinary requests", ordinary + ordinary + last, 3},
		{"chunks among others", chunked + ordinary + chunked + last, 4},
		{"both lengths", both + last, 1},
		{"an old request with a coding", old + last, 1},
	} {
		for name, size := range map[string]int{"whole": len(row.sent), "bytes": 1, "sevens": 7} {
			t.Run(row.name+"/"+name, func(t *testing.T) {
				if got := answers(t, server.Listener.Addr().String(), row.sent, size); got != row.answers {
					t.Errorf("got %d answers, want %d", got, row.answers)
				}
			})
		}
	}
}

// answers sends text in pieces and counts the answers until the connection ends.
func answers(t *testing.T, address, text string, size int) int {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	go func() {
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			_, _ = io.WriteString(connection, rest[:n]) // it may be closed before the end
			rest = rest[n:]
		}
	}()
	reader := bufio.NewReader(connection)
	for count := 0; ; count++ {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return count
		}
		_, _ = io.Copy(io.Discard, response.Body)
	}
}
