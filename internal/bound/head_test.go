package bound_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/bound"
)

func fields(n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString("X-" + strconv.Itoa(i) + ": 1\r\n")
	}
	return text.String()
}

// TestHeaderFieldsAreBounded sends heads that are whole and heads that never end, on
// new connections and on used ones.
func TestHeaderFieldsAreBounded(t *testing.T) {
	inner := listen(t)
	var served atomic.Int64
	serve(t, inner, bound.Config{Pace: bound.Pace{BytesPerSecond: 500}}, func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		ok(w, r)
	})
	lines := strings.Repeat("line\n", 1000)
	body := "Content-Length: " + strconv.Itoa(len(lines)) + "\r\n\r\n" + lines
	for _, row := range []struct {
		name, text string
		status     []int
	}{
		{"as many as may be", "GET / HTTP/1.1\r\nHost: x\r\n" + fields(200) + "\r\n", []int{200}},
		{"one more", "GET / HTTP/1.1\r\nHost: x\r\n" + fields(201) + "\r\n", []int{431}},
		{"one name many times", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X: 1\r\n", 201) + "\r\n", []int{431}},
		{"thousands", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("x:\n", 9000) + "\r\n", []int{431}},
		{"thousands, and no end", "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("x:\n", 9000), []int{431}},
		{"after another request", "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("x:\n", 9000) + "\r\n", []int{200, 431}},
		{"lines of a body are none", "POST / HTTP/1.1\r\nHost: x\r\n" + body, []int{200}},
		{"nor those of a second one", "POST / HTTP/1.1\r\nHost: x\r\n" + body + "POST / HTTP/1.1\r\nHost: x\r\n" + body, []int{200, 200}},
		{"nor after empty lines", "POST / HTTP/1.1\r\nHost: x\r\n" + body + "\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\n" + body, []int{200, 200}},
	} {
		t.Run(row.name, func(t *testing.T) {
			served.Store(0)
			c, err := net.Dial("tcp", inner.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := io.WriteString(c, row.text); err != nil {
				t.Fatal(err)
			}
			reader, want := bufio.NewReader(c), int64(0)
			for _, status := range row.status {
				response, err := http.ReadResponse(reader, nil)
				if err != nil || response.StatusCode != status {
					t.Fatalf("got %v, %v, want %d", response, err, status)
				}
				if content, err := io.ReadAll(response.Body); err != nil || status == 431 && !strings.Contains(string(content), `"code":"too_many_headers"`) {
					t.Errorf("got %q, %v", content, err)
				}
				if status == 200 {
					want++
				}
			}
			if served.Load() != want {
				t.Errorf("%d requests reached the handler", served.Load())
			}
		})
	}
}
