package proxy_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/route"
)

// smuggled is the request that an attack hides in the body of another.
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Auth-Subject: eve\r\n\r\n"

// TestNoRequestReachesTheUpstreamUncharged sends what servers are known to read
// differently. Whatever the proxy makes of it, the upstream sees no more
// requests than were charged, and none of them spoofed.
func TestNoRequestReachesTheUpstreamUncharged(t *testing.T) {
	head := func(lines ...string) string {
		return "POST /x HTTP/1.1\r\nHost: h\r\nX-API-Key: " + canary + "\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n"
	}
	for _, row := range []struct {
		name, request string
		refused       bool // with 400 and nothing behind it
	}{
		{"length and chunks", head("Content-Length: 6", "Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled, false},
		{"chunks and length", head("Transfer-Encoding: chunked", "Content-Length: 4") + "5c\r\n" + smuggled + "\r\n0\r\n\r\n", true},
		{"two lengths", head("Content-Length: 0", "Content-Length: 65") + smuggled, true},
		{"list of lengths", head("Content-Length: 0, 65") + smuggled, true},
		{"signed length", head("Content-Length: +0") + smuggled, true},
		{"space before the colon", head("Content-Length : 65") + smuggled, true}, // CVE-2019-16276
		{"space before the colon of chunks", head("Transfer-Encoding : chunked") + "0\r\n\r\n" + smuggled, true},
		{"odd coding", head("Transfer-Encoding: xchunked") + "0\r\n\r\n" + smuggled, true},
		{"two codings", head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + "0\r\n\r\n" + smuggled, true},
		{"list of codings", head("Transfer-Encoding: identity, chunked") + "0\r\n\r\n" + smuggled, true},
		{"coding with a vertical tab", head("Transfer-Encoding: \x0bchunked") + "0\r\n\r\n" + smuggled, true},
		{"folded line", head("X-A: b", " Transfer-Encoding: chunked") + "0\r\n\r\n" + smuggled, false},
		{"bare LF in a chunk size", head("Transfer-Encoding: chunked") + "2\nxx\r\n0\r\n\r\n" + smuggled, true}, // CVE-2025-22871
		{"chunk extension with a bare CR", head("Transfer-Encoding: chunked") + "0;\r\n\r\n" + smuggled, false},
		{"huge chunk size", head("Transfer-Encoding: chunked") + "fffffffffffffffff\r\n" + smuggled, true},
		{"NUL in a header", head("X-A: a\x00b") + smuggled, true},
		{"bare CR in a header", head("X-A: a\rX-Auth-Subject: eve") + smuggled, true},
		{"two hosts", head("Host: other") + smuggled, true},
		{"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", true},
		{"no host", "GET / HTTP/1.1\r\nX-API-Key: " + canary + "\r\n\r\n", true},
		{"HTTP/1.0 chunks", "POST /x HTTP/1.0\r\nX-API-Key: " + canary + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, false},
		{"HTTP/0.9", "GET /x\r\n", true},
		{"body of a GET", "GET /x HTTP/1.1\r\nHost: h\r\nX-API-Key: " + canary + "\r\nContent-Length: 63\r\n\r\n" + smuggled, false},
		{"upgrade to HTTP/2", "GET /x HTTP/1.1\r\nHost: h\r\nX-API-Key: " + canary + "\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n" + smuggled, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			u := newUpstream(t, nil)
			f := newFixture(t, u.URL, route.Config{})
			answer := converse(t, f.dial(t), row.request)
			charged, reached := 0, u.received()
			for _, charge := range f.charger.charged() {
				if charge.Secret.Reveal() == canary {
					charged++
				}
			}
			if len(reached) > charged {
				t.Errorf("%d requests reached the upstream, %d were charged", len(reached), charged)
			}
			for _, got := range reached {
				if got.URL.Path == "/smuggled" || got.Header.Get("X-Auth-Subject") == "eve" || got.Header.Get("Upgrade") != "" || got.Header.Get("Http2-Settings") != "" {
					t.Errorf("upstream got %s %v", got.RequestURI, got.Header)
				}
			}
			if row.refused && (strings.Contains(answer, " 200 ") || len(reached) > 1) {
				t.Errorf("%d requests reached the upstream, answer %s", len(reached), answer)
			}
		})
	}
}

// converse sends all and reads until the other side closes or falls silent.
func converse(t *testing.T, connection net.Conn, text string) string {
	t.Helper()
	_, _ = io.WriteString(connection, text) // the other side may close before the end
	if half, ok := connection.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
	if err := connection.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(connection)
	return string(answer)
}
