package gateways

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// tryHop sends header fields that end at the gateway: with them a client could open a
// connection to the API in which nobody asks (h2c), take away what the API is told, or get
// another path than it was charged for.
func tryHop(t *testing.T, g gateway, secret string) {
	if g.played {
		t.Skip("what this gateway does with them isn't played")
	}
	const settings = "HTTP2-Settings: AAMAAABkAAQAAP__"
	for _, row := range []struct {
		name, method, path, subject string
		body                        io.Reader
		headers                     []string
	}{
		{"h2c without a key", "GET", "/health", "", nil, []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", settings}},
		{"h2c", "GET", "/v1/x", "ada", nil, []string{"Connection: Upgrade", "Upgrade: h2c", settings}},
		{"h2c besides a WebSocket", "GET", "/v1/x", "ada", nil, []string{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c, websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", settings}},
		{"a WebSocket by POST", "POST", "/v1/x", "ada", strings.NewReader("{}"), []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{"a WebSocket with a body", "GET", "/v1/x", "ada", strings.NewReader("{}"), []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{"a WebSocket with a body of chunks", "GET", "/v1/x", "ada", io.LimitReader(zeros{}, 3), []string{"Connection: Upgrade", "Upgrade: websocket"}},
		{"another path", "GET", "/health", "", nil, []string{"X-Original-URL: /admin/x", "X-Original-URI: /admin/x", "X-Rewrite-URL: /admin/x"}},
		{"who calls", "GET", "/v1/x", "ada", nil, []string{"Connection: X-Auth-Subject, X-Auth-Key-Id, X-Request-Id"}},
		{"who calls, twice", "GET", "/v1/x", "ada", nil, []string{"Connection: keep-alive", "Connection: x-auth-subject"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.subject != "" {
				row.headers = append(row.headers, "X-API-Key: "+secret)
			}
			response := g.do(t, row.method, row.path, row.body, row.headers...)
			var got seen
			if response.StatusCode != 200 || json.NewDecoder(response.Body).Decode(&got) != nil {
				t.Fatalf("status %d", response.StatusCode) // 101 has no end
			}
			wantHeader(t, got, map[string]string{"X-Auth-Subject": row.subject, "Upgrade": "", "Http2-Settings": "", "X-Original-Url": "", "X-Original-Uri": "", "X-Rewrite-Url": ""})
			if options := strings.ToLower(strings.Join(got.Header["Connection"], ",")); strings.Contains(options, "upgrade") || strings.Contains(options, "x-") {
				t.Errorf("the API got Connection %q", options)
			}
			if len(got.Header["X-Request-Id"]) != 1 {
				t.Errorf("the API got X-Request-Id %q", got.Header["X-Request-Id"])
			}
		})
	}
}
