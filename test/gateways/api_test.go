package gateways

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // see below
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// api is an API behind a gateway, which says what has reached it.
type api struct {
	*httptest.Server
	seen atomic.Int64 // requests
}

// seen is what the API says of a request.
type seen struct {
	Method, URI, Host string
	Header            http.Header
	Body              int64 // bytes
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.seen.Add(1)
		w.Header().Set("RateLimit", `"upstream";r=1`) // which nobody may see
		switch {
		case r.Header.Get("Upgrade") == "websocket":
			echoLines(t, w, r)
		case r.URL.Path == "/events":
			tellEvents(w, r)
		case r.Method == http.MethodOptions:
			w.Header().Set("Access-Control-Allow-Origin", "*")
			w.WriteHeader(http.StatusNoContent)
		default:
			length, _ := io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(seen{Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header, Body: length})
		}
	}))
	t.Cleanup(a.Close)
	return a
}

// echoLines takes a connection over and sends back each line.
func echoLines(t *testing.T, w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = connection.Close() }()
	accepted := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455 wants it; HAProxy looks
	_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Seen: "+r.Header.Get("X-Auth-Subject")+"\r\nSec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(accepted[:])+"\r\n\r\n")
	for lines := bufio.NewScanner(buffered); lines.Scan(); {
		_, _ = io.WriteString(connection, "echo "+lines.Text()+"\n")
	}
}

// tellEvents sends an event and keeps the stream open until the client goes.
func tellEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // as APIs say to nginx
	_, _ = io.WriteString(w, "data: first\n\n")
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}
