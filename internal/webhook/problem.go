package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
)

// refusedError is an address that nothing is sent to.
type refusedError struct {
	addr netip.Addr
	open bool // it is refused only because the connection would not be encrypted
}

func (e *refusedError) Error() string {
	if e.open {
		return fmt.Sprintf("%s is reached without TLS; use https, or allow the address with webhook_private_addresses", e.addr)
	}
	return fmt.Sprintf("%s is not a public address; allow it with webhook_private_addresses if it is meant", e.addr)
}

// problemOf says why there was no answer. It names the host alone, because the rest of the
// address may be a secret, and repeats nothing that came from there: whoever may create
// webhooks could read with them what only Ration reaches.
func problemOf(host string, err error) string {
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return host + ": " + refused.Error()
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		if name.IsNotFound {
			return host + ": the name has no address"
		}
		return host + ": the name could not be looked up"
	}
	if reason := certificateProblem(err); reason != "" {
		return host + ": " + reason
	}
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return fmt.Sprintf("%s: no answer within %s", host, attemptTime)
	case errors.As(err, &record):
		return host + ": it doesn't speak TLS"
	case errors.As(err, &alert):
		return host + ": it refused the TLS handshake"
	case errors.Is(err, syscall.ECONNREFUSED):
		return host + ": it refuses connections"
	case isDial(err):
		return host + ": it can't be reached"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return host + ": it closed the connection without an answer"
	}
	return host + ": it gave no answer in HTTP"
}

func isDial(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}

func isTimeout(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// certificateProblem returns what is wrong with a certificate; empty: nothing is known.
func certificateProblem(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "its certificate is signed by an authority that isn't trusted"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "its certificate is for another name"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "its certificate has expired, or is not valid yet"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "its certificate is not valid"
	}
	return ""
}

// statusProblem says why an answer is a failure.
func statusProblem(host string, status int) string {
	said := fmt.Sprintf("%s: it answered %d", host, status)
	if text := http.StatusText(status); text != "" {
		said += " " + text
	}
	if status >= 300 && status < 400 {
		said += "; redirects are not followed, so give the webhook the address that this one leads to"
	}
	return said
}
