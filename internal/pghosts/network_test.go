package pghosts_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// network is what a configuration dials, without any clock but that of synctest.
type network struct {
	servers map[string]behaviour // by address
	names   map[string][]string  // addresses; none: the name service is silent

	mu     sync.Mutex
	dialed []string
}

// behaviour is how a server answers. It closes the connection in the end.
type behaviour func(*pgproto3.Backend)

// config reads a URL whose hosts are in the network.
func (n *network) config(t *testing.T, url string) *pgconn.Config {
	t.Helper()
	config, err := pgconn.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc, config.LookupFunc = n.dial, n.lookup
	return config
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	n.mu.Unlock()
	serve, ok := n.servers[address]
	switch {
	case !ok:
		return nil, errors.New("connection refused")
	case serve == nil: // a black hole
		<-ctx.Done()
		return nil, ctx.Err()
	}
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		serve(pgproto3.NewBackend(server, server))
	}()
	return client, nil
}

func (n *network) lookup(ctx context.Context, host string) ([]string, error) {
	switch ips := n.names[host]; {
	case net.ParseIP(host) != nil:
		return []string{host}, nil
	case ips == nil:
		<-ctx.Done()
		return nil, ctx.Err()
	default:
		return slices.Clone(ips), nil
	}
}

// dials returns the addresses that were dialed since the last call.
func (n *network) dials() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	dialed := n.dialed
	n.dialed = nil
	return dialed
}

// silent takes what it is sent and never answers.
func silent(b *pgproto3.Backend) {
	for {
		if _, err := b.ReceiveStartupMessage(); err != nil {
			return
		}
	}
}

func primary(b *pgproto3.Backend)  { answering("f", "off", "1")(b) }
func standby(b *pgproto3.Backend)  { answering("t", "on", "1")(b) }
func readOnly(b *pgproto3.Backend) { answering("f", "on", "1")(b) }

// onTimeline is a primary that tells its timeline.
func onTimeline(timeline string) behaviour { return answering("f", "off", timeline) }

// late lets a server answer so much later.
func late(by time.Duration, serve behaviour) behaviour {
	return func(b *pgproto3.Backend) {
		time.Sleep(by) // in a bubble, where it is no wait
		serve(b)
	}
}

// answering is a server without TLS that lets everybody in and answers questions.
func answering(recovery, readOnly, timeline string) behaviour {
	answers := map[string]string{"select pg_is_in_recovery()": recovery, "show transaction_read_only": readOnly, "timeline": timeline}
	return func(b *pgproto3.Backend) {
		if !admit(b) {
			return
		}
		for {
			message, err := b.Receive()
			query, ok := message.(*pgproto3.Query)
			if err != nil || !ok {
				return
			}
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("answer"), DataTypeOID: 25}}})
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte(answers[strings.ToLower(query.String)])}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			if b.Flush() != nil {
				return
			}
		}
	}
}

func admit(b *pgproto3.Backend) bool {
	message, err := b.ReceiveStartupMessage()
	if _, wants := message.(*pgproto3.SSLRequest); wants && err == nil {
		return false // and closes, so that the client tries without
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{1, 2, 3, 4}})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	return err == nil && b.Flush() == nil
}
