package webhook_test

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/webhook"
)

// The test vector of the libraries of Standard Webhooks.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody      = `{"test": 2432232314}`
	vectorSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorAt = time.Unix(1614265330, 0)

func message(url string) webhook.Message {
	return webhook.Message{ID: vectorID, At: vectorAt, Body: []byte(vectorBody), URL: url, Secrets: secrets(vectorSecret)}
}

func secrets(texts ...string) (all []ration.Secret) {
	for _, text := range texts {
		all = append(all, ration.SecretFromText(text))
	}
	return all
}

// loopback allows receivers of tests.
var loopback = webhook.Allowed{netip.MustParsePrefix("127.0.0.1/32")}

func newSender(t *testing.T, allowed webhook.Allowed, roots *x509.CertPool) *webhook.Sender {
	sender := webhook.NewSender(webhook.SenderConfig{Version: "1.2.3", Allowed: allowed, Roots: roots})
	t.Cleanup(sender.Close)
	return sender
}

// receive serves a receiver, without a log of what goes wrong.
func receive(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func TestSend(t *testing.T) {
	var got *http.Request
	var body []byte
	server := receive(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	result := newSender(t, loopback, nil).Send(t.Context(), message(server.URL+"/hooks?token=1"))
	if result != (webhook.Result{Status: 200}) {
		t.Fatalf("got %+v", result)
	}
	want := http.Header{
		"User-Agent": {"Ration/1.2.3"}, "Content-Type": {"application/json"}, "Content-Length": {"20"},
		"Webhook-Id": {vectorID}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {vectorSignature},
	}
	if diff := cmp.Diff(want, got.Header); diff != "" || string(body) != vectorBody || got.Method != http.MethodPost || got.RequestURI != "/hooks?token=1" || got.Proto != "HTTP/1.1" {
		t.Errorf("%s %s %s %s\n%s", got.Method, got.RequestURI, got.Proto, body, diff)
	}
}

// TestSignatures: after a rotation there is one for each secret that is valid.
func TestSignatures(t *testing.T) {
	var got string
	server := receive(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Webhook-Signature") })
	sender := newSender(t, loopback, nil)
	for _, row := range []struct {
		secrets []string
		want    string
	}{
		{[]string{"whsec_c2VjcmV0", vectorSecret}, "v1,QhlSMIJS/+71IQLjjmkiCGkWoueir474RayJQKtDu+0= " + vectorSignature},
		{[]string{strings.TrimPrefix(vectorSecret, "whsec_")}, vectorSignature},
		{[]string{"whsec_not base64"}, ""},
		{[]string{"whsec_"}, ""},
		{[]string{vectorSecret, "whsec_"}, ""},
		{nil, ""},
	} {
		got = ""
		sent := message(server.URL)
		sent.Secrets = secrets(row.secrets...)
		result := sender.Send(t.Context(), sent)
		if got != row.want || (result.Problem == "") != (row.want != "") || strings.Contains(result.Problem, "not base64") {
			t.Errorf("%q: got %q, %+v", row.secrets, got, result)
		}
	}
}

// TestAnswers: what is accepted, what is not, and how long the receiver is left alone.
func TestAnswers(t *testing.T) {
	sender := newSender(t, loopback, nil)
	var status int
	var header http.Header
	server := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "secret of the receiver")
	})
	at := func(d time.Duration) string { return vectorAt.Add(d).UTC().Format(http.TimeFormat) }
	for _, row := range []struct {
		status  int
		header  http.Header
		problem string
		asked   time.Duration
	}{
		{status: 200},
		{status: 201},
		{status: 202},
		{status: 204},
		{status: 299},
		{status: 202, header: http.Header{"Retry-After": {"60"}}},
		{status: 301, header: http.Header{"Location": {"http://127.0.0.1/?token=1"}}, problem: "127.0.0.1: it answered 301 Moved Permanently; redirects are not followed, so give the webhook the address that this one leads to"},
		{status: 304, problem: "127.0.0.1: it answered 304 Not Modified; redirects are not followed, so give the webhook the address that this one leads to"},
		{status: 400, header: http.Header{"Retry-After": {"60"}}, problem: "127.0.0.1: it answered 400 Bad Request"},
		{status: 410, problem: "127.0.0.1: it answered 410 Gone"},
		{status: 599, problem: "127.0.0.1: it answered 599"},
		{status: 500, header: http.Header{"Retry-After": {"60"}}, problem: "127.0.0.1: it answered 500 Internal Server Error"},
		{status: 429, header: http.Header{"Retry-After": {"60"}}, problem: "127.0.0.1: it answered 429 Too Many Requests", asked: time.Minute},
		{status: 502, header: http.Header{"Retry-After": {"0"}}, problem: "127.0.0.1: it answered 502 Bad Gateway"},
		{status: 504, header: http.Header{"Retry-After": {"-5"}}, problem: "127.0.0.1: it answered 504 Gateway Timeout"},
		{status: 503, header: http.Header{"Retry-After": {"4294967295"}}, problem: "127.0.0.1: it answered 503 Service Unavailable", asked: webhook.MostPatience},
		{status: 503, header: http.Header{"Retry-After": {"4294967296"}}, problem: "127.0.0.1: it answered 503 Service Unavailable", asked: webhook.MostPatience},
		{status: 503, header: http.Header{"Retry-After": {"99999999999999999999"}}, problem: "127.0.0.1: it answered 503 Service Unavailable", asked: webhook.MostPatience},
		{status: 503, header: http.Header{"Retry-After": {"soon"}}, problem: "127.0.0.1: it answered 503 Service Unavailable"},
		{status: 503, header: http.Header{"Retry-After": {at(time.Hour)}, "Date": {at(-time.Hour)}}, problem: "127.0.0.1: it answered 503 Service Unavailable", asked: 2 * time.Hour},
		{status: 503, header: http.Header{"Retry-After": {at(24 * time.Hour)}, "Date": {at(0)}}, problem: "127.0.0.1: it answered 503 Service Unavailable", asked: webhook.MostPatience},
		{status: 503, header: http.Header{"Retry-After": {at(0)}, "Date": {at(time.Hour)}}, problem: "127.0.0.1: it answered 503 Service Unavailable"},
	} {
		status, header = row.status, row.header
		got := sender.Send(t.Context(), message(server.URL+"/?token=1"))
		if want := (webhook.Result{Status: row.status, Problem: row.problem, Asked: row.asked}); got != want {
			t.Errorf("%d %v:\n got %+v\nwant %+v", row.status, row.header, got, want)
		}
		if got.Gone() != (row.status == 410) {
			t.Errorf("%d: gone is %t", row.status, got.Gone())
		}
	}
	status, header = 503, http.Header{"Retry-After": {at(time.Minute)}, "Date": nil} // the receiver says no time: the sender's counts
	if got := sender.Send(t.Context(), message(server.URL)); got.Asked < 58*time.Second || got.Asked > time.Minute {
		t.Errorf("without a date: %+v", got)
	}
}

// TestNothingFollowsRedirects: the address that one leads to is not asked.
func TestNothingFollowsRedirects(t *testing.T) {
	var asked atomic.Int32
	inside := receive(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := receive(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside.URL, status) })
		if result := newSender(t, loopback, nil).Send(t.Context(), message(server.URL)); result.Status != status || result.Problem == "" {
			t.Errorf("%d: %+v", status, result)
		}
	}
	if asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestNoAnswer: problems name the host and nothing else of the address, and repeat nothing
// that the receiver has said.
func TestNoAnswer(t *testing.T) {
	speaks := func(text string) string {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(conn, text)
				buffer := make([]byte, 4096)
				_, _ = conn.Read(buffer)
				_ = conn.Close()
			}
		}()
		return listener.Addr().String()
	}
	closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	tls.StartTLS()
	defer tls.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(tls.Certificate())
	const path = "/private?token=hidden"
	for _, row := range []struct {
		url     string
		allowed webhook.Allowed
		roots   *x509.CertPool
		want    string
	}{
		{"http://" + closed.Addr().String() + path, loopback, nil, "127.0.0.1: it refuses connections"},
		{"http://" + speaks("SSH-2.0-OpenSSH hidden\r\n") + path, loopback, nil, "127.0.0.1: it gave no answer in HTTP"},
		{"https://" + speaks("SSH-2.0-OpenSSH hidden\r\n") + path, loopback, nil, "127.0.0.1: it doesn't speak TLS"},
		{"http://" + speaks("") + path, loopback, nil, "127.0.0.1: it closed the connection without an answer"},
		{"http://" + speaks("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("hidden", 10_000)+"\r\n\r\n") + path, loopback, nil, "127.0.0.1: it gave no answer in HTTP"},
		{tls.URL + path, loopback, nil, "127.0.0.1: its certificate is signed by an authority that isn't trusted"},
		{tls.URL + path, loopback, trusted, "127.0.0.1: it answered 404 Not Found"},
		{tls.URL + path, nil, trusted, "127.0.0.1: 127.0.0.1 is not a public address; allow it with webhook_private_addresses if it is meant"},
		{strings.Replace(tls.URL, "127.0.0.1", "localhost", 1) + path, loopback, trusted, "localhost: its certificate is for another name"},
		{"http://93.184.215.14" + path, loopback, nil, "93.184.215.14: 93.184.215.14 is reached without TLS; use https, or allow the address with webhook_private_addresses"},
		{"http://localhost" + path, nil, nil, "localhost: 127.0.0.1 is not a public address; allow it with webhook_private_addresses if it is meant"},
		{"http://[::ffff:127.0.0.1]" + path, nil, nil, "::ffff:127.0.0.1: 127.0.0.1 is not a public address; allow it with webhook_private_addresses if it is meant"},
		{"https://169.254.169.254" + path, loopback, nil, "169.254.169.254: 169.254.169.254 is not a public address; allow it with webhook_private_addresses if it is meant"},
		{"ftp://127.0.0.1" + path, loopback, nil, "the webhook's address is not a URL that begins with https://"},
		{"https://hidden@%zz" + path, loopback, nil, "the webhook's address is not a URL that begins with https://"},
		{"", loopback, nil, "the webhook's address is not a URL that begins with https://"},
	} {
		got := newSender(t, row.allowed, row.roots).Send(t.Context(), message(row.url))
		if got.Problem != row.want {
			t.Errorf("%s:\n got %+v\nwant %s", row.url, got, row.want)
		}
	}
}

// TestOddFormsOfLoopback: however a host is written, nothing reaches this machine.
func TestOddFormsOfLoopback(t *testing.T) {
	var asked atomic.Int32
	server := receive(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	at, _ := url.Parse(server.URL)
	sender := newSender(t, nil, nil)
	for _, host := range []string{"0x7f.1", "0177.0.0.1", "2130706433", "127.1", "localhost", "LOCALHOST.", "0", "0.0.0.0", "[::]", "[::1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "127.0.0.1", "127.0.0.1."} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if result := sender.Send(ctx, message("http://"+host+":"+at.Port())); result.Problem == "" || result.Status != 0 {
			t.Errorf("%s: %+v", host, result)
		}
		cancel()
	}
	if asked.Load() != 0 {
		t.Error("the receiver was asked")
	}
}

// TestMain names proxies before the first request, because Go reads them once.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		if err := os.Setenv(name, "http://127.0.0.1:9"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// TestNoProxy: what the environment says of proxies doesn't matter, because a proxy would
// connect where nobody checks addresses. The one that is named can be reached, and refuses.
func TestNoProxy(t *testing.T) {
	sender := newSender(t, loopback, nil)
	for _, to := range []string{"http://10.0.0.1/", "https://10.0.0.1/"} {
		if result := sender.Send(t.Context(), message(to)); !strings.Contains(result.Problem, "not a public address") {
			t.Errorf("%s: %+v", to, result)
		}
	}
}

// TestConnectionsAreUsedAgain, also if an answer is long, or the receiver has closed one.
func TestConnectionsAreUsedAgain(t *testing.T) {
	var from []string
	var length int
	server := receive(t, func(w http.ResponseWriter, r *http.Request) {
		from = append(from, r.RemoteAddr)
		_, _ = w.Write(make([]byte, length))
	})
	sender := newSender(t, loopback, nil)
	send := func(bytes int) {
		length = bytes
		if result := sender.Send(t.Context(), message(server.URL)); result.Problem != "" {
			t.Fatal(result)
		}
	}
	send(0)
	send(4000)
	send(0)
	server.CloseClientConnections() // and the sender may not know it yet
	send(0)
	send(1 << 20)
	send(0)
	if from[0] != from[1] || from[1] != from[2] || from[2] == from[3] || from[3] != from[4] || from[4] == from[5] {
		t.Errorf("connections %q", from)
	}
}

// TestUpgradesEnd: an answer that takes the connection over is a failure, and nobody reads
// what follows: no context ends that.
func TestUpgradesEnd(t *testing.T) {
	left := make(chan struct{})
	server := receive(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: any\r\n\r\n")
		_, _ = buffered.ReadByte() // until the sender has gone
		close(left)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if result := newSender(t, loopback, nil).Send(ctx, message(server.URL)); result != (webhook.Result{Status: 101, Problem: "127.0.0.1: it answered 101 Switching Protocols"}) {
		t.Errorf("got %+v", result)
	}
	<-left
}

// TestAttemptsEnd: a status is enough, and an answer that never ends is left.
func TestAttemptsEnd(t *testing.T) {
	server := receive(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or the server doesn't see that the sender has gone
		if r.URL.Path == "/body" {
			w.WriteHeader(http.StatusAccepted)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	sender := newSender(t, loopback, nil)
	results := make(chan webhook.Result)
	go func() { results <- sender.Send(ctx, message(server.URL+"/body")) }()
	if result := sender.Send(ctx, message(server.URL+"/silent")); result.Problem != "127.0.0.1: no answer within 15s" {
		t.Errorf("got %+v", result)
	}
	if result := <-results; result != (webhook.Result{Status: http.StatusAccepted}) {
		t.Errorf("got %+v", result)
	}
}
