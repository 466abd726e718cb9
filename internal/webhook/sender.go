package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/ration-dev/ration"
)

const (
	// attemptTime bounds one attempt, from the look-up of the name to the end of the answer.
	attemptTime = 15 * time.Second
	// connectTime bounds the connection and, once more, the TLS handshake.
	connectTime = 10 * time.Second
	// mostAnswer is how much of an answer is read, so that the connection can be used again.
	mostAnswer = 4 << 10
	// mostHeaders bounds the headers of an answer.
	mostHeaders = 16 << 10
	// idleTime and mostIdle bound the connections that wait for another event.
	idleTime = time.Minute
	mostIdle = 32
	// mostToOne bounds the attempts of one instance to one webhook that are under way, and
	// so the connections: a slow receiver holds no other up.
	mostToOne = 4
)

// Message is an event as it is sent once.
type Message struct {
	ID      string // the same in each attempt
	At      time.Time
	Body    []byte
	URL     string
	Secrets []ration.Secret // the receiver knows one of them
}

// Result is what became of an attempt.
type Result struct {
	Status  int           // of the answer; 0: there was none
	Problem string        // empty: the message was accepted
	Asked   time.Duration // how long the receiver wants to be left alone for
}

// Gone reports whether the receiver wants no more messages.
func (r Result) Gone() bool { return r.Status == http.StatusGone }

// SenderConfig configures a [Sender].
type SenderConfig struct {
	Version string // of Ration
	Allowed Allowed
	Roots   *x509.CertPool // nil: the system's
}

// Sender makes attempts. It is safe for concurrent use.
type Sender struct {
	agent       string
	plain, safe *http.Transport // for http and for https
}

// NewSender returns a Sender. Close it.
func NewSender(config SenderConfig) *Sender {
	return &Sender{
		agent: "Ration/" + config.Version,
		plain: newTransport(config.Roots, config.Allowed, false),
		safe:  newTransport(config.Roots, config.Allowed, true),
	}
}

// newTransport returns a client that knows no proxy: a proxy would look names up, and
// connect, where nobody checks addresses.
func newTransport(roots *x509.CertPool, allowed Allowed, encrypted bool) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTime, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return checkDial(allowed, address, encrypted)
	}}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // HTTP/1.1 alone
		TLSHandshakeTimeout:    connectTime,
		DisableCompression:     true, // answers are thrown away
		MaxIdleConns:           mostIdle,
		MaxIdleConnsPerHost:    mostToOne,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: mostHeaders,
	}
}

// checkDial refuses a connection that is about to be made, with the address that the name
// has led to: what a name leads to at another time doesn't matter.
func checkDial(allowed Allowed, address string, encrypted bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return &refusedError{}
	}
	addr := normal(to.Addr())
	switch {
	case allowed.has(addr):
		return nil
	case !isPublic(addr):
		return &refusedError{addr: addr}
	case !encrypted:
		return &refusedError{addr: addr, open: true}
	}
	return nil
}

// Close ends connections that wait for another event.
func (s *Sender) Close() {
	s.plain.CloseIdleConnections()
	s.safe.CloseIdleConnections()
}

// Send makes one attempt.
func (s *Sender) Send(ctx context.Context, message Message) Result {
	to, err := url.Parse(message.URL)
	if err != nil || to.Host == "" || to.Scheme != "http" && to.Scheme != "https" {
		return Result{Problem: "the webhook's address is not a URL that begins with https://"} // and the error would show it
	}
	signature, err := sign(message.Secrets, message.ID, message.At, message.Body)
	if err != nil {
		return Result{Problem: err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, message.URL, bytes.NewReader(message.Body))
	if err != nil {
		return Result{Problem: to.Hostname() + ": the webhook's address can't be requested"}
	}
	request.Header = http.Header{
		"User-Agent": {s.agent}, "Content-Type": {"application/json"},
		http.CanonicalHeaderKey(idHeader): {message.ID}, http.CanonicalHeaderKey(signatureHeader): {signature},
		http.CanonicalHeaderKey(timestampHeader): {strconv.FormatInt(message.At.Unix(), 10)},
		// Not sent: it says that the request may be sent again on a new connection if the
		// receiver closes an idle one just when it is used.
		"Idempotency-Key": {},
	}
	transport := s.safe
	if to.Scheme == "http" {
		transport = s.plain
	}
	start := time.Now()
	answer, err := transport.RoundTrip(request) // a client would follow redirects
	if err != nil {
		return Result{Problem: problemOf(to.Hostname(), err)}
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusSwitchingProtocols { // or the body is the connection itself, and has no end
		_, _ = io.CopyN(io.Discard, answer.Body, mostAnswer)
	}
	return judge(to.Hostname(), answer, message.At.Add(time.Since(start)))
}

// judge says what an answer means.
func judge(host string, answer *http.Response, now time.Time) Result {
	if answer.StatusCode >= 200 && answer.StatusCode < 300 {
		return Result{Status: answer.StatusCode}
	}
	result := Result{Status: answer.StatusCode, Problem: statusProblem(host, answer.StatusCode)}
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		result.Asked = retryAfter(answer.Header, now)
	}
	return result
}

// retryAfter reads for how long a receiver wants to be left alone, in seconds or until a
// time, which is by its own clock if it says what that shows. What can't be read is 0.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(mostPatience/time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs
	}
	return min(max(until.Sub(now), 0), mostPatience)
}
