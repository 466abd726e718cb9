package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/condense"
)

func tlsConfig(certificate *certfile.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: certificate.Get}
}

// secureListener gives net/http the connections of another listener, on which TLS is
// spoken beneath what that one looks at. Net/http itself would see to TLS only where it
// gets a [tls.Conn], whose clear text nobody else can look at.
type secureListener struct {
	net.Listener
	patience time.Duration // how long TLS may take to begin
	trouble  *condense.Log
}

// Accept implements net.Listener.
func (l secureListener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &secureConn{Conn: accepted, secure: tlsOf(accepted), listener: l}, nil
}

// tlsOf returns the connection of TLS that another one wraps.
func tlsOf(c net.Conn) *tls.Conn {
	for {
		if secure, is := c.(*tls.Conn); is {
			return secure
		}
		c = c.(interface{ NetConn() net.Conn }).NetConn()
	}
}

// secureConn is a connection with TLS beneath.
type secureConn struct {
	net.Conn
	secure   *tls.Conn
	listener secureListener
}

// NetConn returns the connection without its state of TLS.
func (c *secureConn) NetConn() net.Conn { return c.Conn }

func withoutState(c net.Conn) net.Conn {
	if secure, is := c.(*secureConn); is {
		return secure.Conn
	}
	return c
}

// CloseWrite lets net/http end an answer before it ends the connection.
func (c *secureConn) CloseWrite() error { return c.secure.CloseWrite() }

// ConnectionState returns what becomes of [http.Request]'s TLS. Net/http asks once, in
// the connection's own goroutine and before it reads: there is no earlier moment to
// make the handshake. What reads after one that failed gets its error.
func (c *secureConn) ConnectionState() tls.ConnectionState {
	deadline := time.Now().Add(c.listener.patience)
	_ = c.secure.SetDeadline(deadline) // of a connection that is closed the handshake tells
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	if err := c.secure.HandshakeContext(ctx); err != nil {
		c.refuse(err)
	}
	_ = c.secure.SetDeadline(time.Time{})
	return c.secure.ConnectionState()
}

// refuse ends a connection on which no TLS has come about. Who speaks HTTP is told.
func (c *secureConn) refuse(err error) {
	if record, is := errors.AsType[tls.RecordHeaderError](err); is && record.Conn != nil && beginsLikeHTTP(record.RecordHeader[:]) {
		_, _ = io.WriteString(record.Conn, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"+
			"This address speaks HTTPS: begin the URL with https://\n")
		err = errors.New("the client spoke HTTP")
	}
	_ = c.Close()
	if errors.Is(err, io.EOF) { // who only looks whether a port is open says nothing
		return
	}
	c.listener.trouble.Say(context.Background(), slog.LevelWarn, condense.Kind{Message: "a connection had no TLS"},
		slog.String("address", c.RemoteAddr().String()), slog.Any("error", err))
}

// beginsLikeHTTP reports whether the first five bytes of a connection are those of a
// request without TLS.
func beginsLikeHTTP(first []byte) bool {
	return slices.Contains([]string{"GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO"}, string(first))
}
