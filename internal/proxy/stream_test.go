package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

func TestEventsArriveOneByOne(t *testing.T) {
	next := make(chan string)
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for event := range next {
			fmt.Fprintf(w, "data: %s\n\n", event)
			_ = http.NewResponseController(w).Flush()
		}
	})
	f := newFixture(t, u.URL, route.Config{})
	response := f.get(t, "/") // the answer begins before there is an event
	lines := bufio.NewReader(response.Body)
	for _, event := range []string{"one", "two"} {
		next <- event
		line, err := lines.ReadString('\n')
		if err != nil || line != "data: "+event+"\n" {
			t.Fatalf("got %q, %v", line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(next)
}

func TestABodyIsPassedOnWhileItComes(t *testing.T) {
	arrived := make(chan string)
	u := newUpstream(t, func(_ http.ResponseWriter, r *http.Request) {
		for {
			part := make([]byte, 3)
			if _, err := io.ReadFull(r.Body, part); err != nil {
				close(arrived)
				return
			}
			arrived <- string(part)
		}
	})
	f := newFixture(t, u.URL, route.Config{})
	reader, writer := io.Pipe()
	done := make(chan int)
	go func() {
		defer close(done)
		r, _ := http.NewRequestWithContext(t.Context(), "POST", f.URL, reader)
		r.Header.Set("X-API-Key", canary)
		response, err := f.Client().Do(r)
		if err == nil {
			_ = response.Body.Close()
			done <- response.StatusCode
		}
	}()
	for _, part := range []string{"abc", "def"} {
		if _, err := io.WriteString(writer, part); err != nil {
			t.Fatal(err)
		}
		if got := <-arrived; got != part { // nothing waits for the end of the body
			t.Errorf("upstream got %q, want %q", got, part)
		}
	}
	_ = writer.Close()
	<-arrived
	if status := <-done; status != 200 {
		t.Errorf("got %d", status)
	}
}

func TestAWebSocketIsChargedAtItsHandshake(t *testing.T) {
	u := newUpstream(t, echoUpgrade)
	f := newFixture(t, u.URL, route.Config{})
	connection := f.dial(t)
	fmt.Fprintf(connection, "GET /ws HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Auth-Subject: eve\r\n\r\n", canary)
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("RateLimit") == "" {
		t.Fatalf("got %d %v", response.StatusCode, response.Header)
	}
	for _, line := range []string{"hello\n", "again\n"} {
		fmt.Fprint(connection, line)
		if got, err := reader.ReadString('\n'); err != nil || got != line {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	checkIdentity(t, u.only(t).Header)
	if charged := len(f.charger.charged()); charged != 1 {
		t.Errorf("charged %d times", charged)
	}

	denied := f.raw(t, "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if denied.StatusCode != 401 {
		t.Errorf("without a key: got %d", denied.StatusCode)
	}
}

// echoUpgrade accepts any upgrade and sends back what it gets.
func echoUpgrade(w http.ResponseWriter, r *http.Request) {
	connection, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
	_, _ = io.Copy(connection, buffered)
}

func TestOtherProtocolsAreNotUpgradedTo(t *testing.T) {
	u := newUpstream(t, echoUpgrade)
	f := newFixture(t, u.URL, route.Config{})
	for _, protocol := range []string{"h2c", "tcp", "websocket-ish"} {
		response := f.raw(t, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\nConnection: Upgrade\r\nUpgrade: "+protocol+"\r\n\r\n")
		if response.StatusCode != http.StatusBadGateway { // this upstream switches without being asked to
			t.Errorf("%s: got %d", protocol, response.StatusCode)
		}
	}
	for _, got := range u.received() {
		if got.Header.Get("Upgrade") != "" || got.Header.Get("Connection") != "" {
			t.Errorf("upstream got %v", got.Header)
		}
	}
}

func TestInformationalAnswersCarryNothingOfTheConnection(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.Header().Set("RateLimit", `"upstream";r=1`)
		w.Header().Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		w.WriteHeader(http.StatusOK)
	})
	f := newFixture(t, u.URL, route.Config{})
	connection := f.dial(t)
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nConnection: close\r\n\r\n", canary)
	lines := textproto.NewReader(bufio.NewReader(connection))
	status, err := lines.ReadLine()
	if err != nil || status != "HTTP/1.1 103 Early Hints" {
		t.Fatalf("got %q, %v", status, err)
	}
	header, err := lines.ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(textproto.MIMEHeader{"Link": {"</style.css>; rel=preload"}}, header); diff != "" {
		t.Errorf("early hints (-want +got):\n%s", diff)
	}
	if status, err = lines.ReadLine(); err != nil || status != "HTTP/1.1 200 OK" {
		t.Fatalf("got %q, %v", status, err)
	}
	if header, err = lines.ReadMIMEHeader(); err != nil || header.Get("RateLimit") != `"requests-day";r=95;t=43200` {
		t.Errorf("got %v, %v", header, err)
	}
}

func TestCompressionIsBetweenClientAndUpstream(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", r.Header.Get("Accept-Encoding"))
		_, _ = io.WriteString(w, "as it is")
	})
	f := newFixture(t, u.URL, route.Config{})
	response := f.get(t, "/", "Accept-Encoding: zstd")
	if body := bodyOf(t, response); body != "as it is" || response.Header.Get("Content-Encoding") != "zstd" {
		t.Errorf("got %q %v", body, response.Header)
	}
	response = f.raw(t, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: "+canary+"\r\nConnection: close\r\n\r\n")
	if encoding, sent := response.Header["Content-Encoding"]; !sent || encoding[0] != "" {
		t.Errorf("the proxy asked for an encoding of its own: %q", encoding)
	}
}

func TestExpectationsAreMet(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	connection := f.dial(t)
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nContent-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", canary)
	reader := bufio.NewReader(connection)
	if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "hi")
	response, err := http.ReadResponse(reader, nil)
	for err == nil && response.StatusCode == 100 { // the upstream's own, if it comes first (RFC 9110, section 15.2: one or more)
		response, err = http.ReadResponse(reader, nil)
	}
	if err != nil || response.StatusCode != 200 || u.only(t).body != "hi" {
		t.Errorf("got %v, %v", response, err)
	}
	// A denial needs no body, and asks for none.
	denied := f.raw(t, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	if denied.StatusCode != 401 {
		t.Errorf("got %d", denied.StatusCode)
	}
}

func TestOverHTTP2NothingIsDifferent(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	server := httptest.NewUnstartedServer(f.Config.Handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/a%20b?c=%64", strings.NewReader("hello"))
	r.Header.Set("X-API-Key", canary)
	r.Header.Set("X_Auth_Subject", "eve")
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := u.only(t)
	if response.ProtoMajor != 2 || response.Header.Get("RateLimit") == "" || got.RequestURI != "/a%20b?c=%64" || got.body != "hello" || got.Header.Get("X-Forwarded-Proto") != "https" {
		t.Errorf("got %s %v; upstream got %s %q %v", response.Proto, response.Header, got.RequestURI, got.body, got.Header)
	}
	checkIdentity(t, got.Header)
}

// deaf accepts connections and never answers.
func deaf(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "http://" + listener.Addr().String()
}

func TestAnUpstreamThatGivesNoAnswerIsTold(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	reset := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	})
	nonsense := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprint(connection, "SSH-2.0-nonsense\r\n\r\n")
			_ = connection.Close()
		}
	})
	for _, row := range []struct {
		name, target string
		status       int
		code         string
	}{
		{"nobody listens", "http://" + closed.Addr().String(), 502, "upstream_unreachable"},
		{"link-local address", "http://169.254.169.254", 502, "upstream_unreachable"},
		{"link-local address as IPv6", "http://[::ffff:169.254.169.254]", 502, "upstream_unreachable"},
		{"unspecified address", "http://0.0.0.0:1", 502, "upstream_unreachable"},
		{"connection reset", reset.URL, 502, "upstream_failed"},
		{"nonsense", nonsense.URL, 502, "upstream_failed"},
		{"silence", deaf(t), 504, "upstream_timeout"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.target, route.Config{}, func(c *proxy.Config) { c.Timeout = 50 * time.Millisecond })
			response := f.get(t, "/?q=1")
			body := bodyOf(t, response)
			if response.StatusCode != row.status || !strings.Contains(body, `"code":"`+row.code+`"`) || !strings.Contains(body, response.Header.Get("X-Request-Id")) {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
			if response.Header.Get("RateLimit") == "" || response.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("got %v", response.Header)
			}
			if !strings.Contains(f.log.String(), row.code) || strings.Contains(f.log.String(), "q=1") {
				t.Errorf("logged %s", f.log)
			}
		})
	}
}

func TestAnAnswerThatBreaksOffIsNotPassedOffAsWhole(t *testing.T) {
	u := newUpstream(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	f := newFixture(t, u.URL, route.Config{})
	r, _ := http.NewRequestWithContext(t.Context(), "GET", f.URL, nil)
	r.Header.Set("X-API-Key", canary)
	response, err := f.Client().Do(r)
	if err != nil {
		return // broken off before its head was sent
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("got %q as if it were whole", body)
	}
}

func TestABrokenBodyIsTheClientsFault(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	connection := f.dial(t)
	fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\nnonsense\r\n", canary)
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	if body := bodyOf(t, response); response.StatusCode != 400 || !strings.Contains(body, `"body_incomplete"`) {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
}

func TestTheUpstreamLearnsThatAClientHasGone(t *testing.T) {
	reached, gone := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, func(_ http.ResponseWriter, r *http.Request) {
		close(reached)
		<-r.Context().Done()
		close(gone)
	})
	f := newFixture(t, u.URL, route.Config{})
	connection := f.dial(t)
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\n\r\n", canary)
	<-reached
	_ = connection.Close()
	<-gone
	if charged := len(f.charger.charged()); charged != 1 {
		t.Errorf("charged %d times", charged)
	}
}
