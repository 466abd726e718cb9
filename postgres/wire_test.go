package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"testing"
)

// cut is where a wire breaks.
type cut int

const (
	cutNever        cut = iota
	cutBeforeCommit     // the server never sees COMMIT
	cutAfterCommit      // it has answered COMMIT, and the answer is lost
)

// wire is a proxy before the server that reads PostgreSQL's messages and breaks
// connections exactly at COMMIT.
type wire struct {
	url      string
	target   string
	listener net.Listener
	onCut    func() // called before a connection is broken; set it before cutNext

	mu     sync.Mutex
	where  cut
	times  int        // cuts still to be made
	random *rand.Rand // not nil: cuts in one of ten places instead
	cuts   int        // cuts made
	conns  []net.Conn
	wg     sync.WaitGroup
}

// newWire puts a wire before the server of a URL.
func newWire(t testing.TB, serverURL string) *wire {
	t.Helper()
	parsed, err := url.Parse(serverURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: parsed.Host, listener: listener}
	parsed.Host = listener.Addr().String()
	w.url = parsed.String()
	w.wg.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.breakAll()
		w.wg.Wait()
	})
	return w
}

// cutNext makes the next COMMITs break their connections.
func (w *wire) cutNext(where cut, times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.where, w.times = where, times
}

// cutRandomly makes one COMMIT in ten not arrive, and loses the answers of as many.
func (w *wire) cutRandomly(seed uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.random = rand.New(rand.NewPCG(seed, 0))
}

func (w *wire) made() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cuts
}

// breakAll breaks all connections at once, wherever they are.
func (w *wire) breakAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, client, server)
		w.mu.Unlock()
		closeBoth := func() { _ = client.Close(); _ = server.Close() }
		w.wg.Go(func() { defer closeBoth(); w.forward(client, server) })
		w.wg.Go(func() { defer closeBoth(); w.answer(server, client) })
	}
}

// forward passes the client's messages on.
func (w *wire) forward(client io.Reader, server io.Writer) {
	if first, err := readBody(client, nil); err != nil || pass(server, first) != nil {
		return // the startup message has no type
	}
	commit := "" // name of the statement
	for {
		message, err := readMessage(client)
		if err != nil {
			return
		}
		switch message[0] {
		case 'P':
			if name, sql, _ := bytes.Cut(message[5:], []byte{0}); bytes.HasPrefix(sql, []byte("COMMIT\x00")) {
				commit = string(name)
			}
		case 'B':
			_, rest, _ := bytes.Cut(message[5:], []byte{0})
			if name, _, _ := bytes.Cut(rest, []byte{0}); commit != "" && string(name) == commit && w.cutsAt(cutBeforeCommit) {
				return
			}
		}
		if pass(server, message) != nil {
			return
		}
	}
}

// answer passes the server's messages on.
func (w *wire) answer(server io.Reader, client io.Writer) {
	for {
		message, err := readMessage(server)
		if err != nil {
			return
		}
		if message[0] == 'C' && bytes.HasPrefix(message[5:], []byte("COMMIT\x00")) && w.cutsAt(cutAfterCommit) {
			return
		}
		if pass(client, message) != nil {
			return
		}
	}
}

func (w *wire) cutsAt(where cut) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.random != nil:
		if w.random.IntN(10) > 0 {
			return false
		}
	case w.where != where || w.times == 0:
		return false
	default:
		w.times--
	}
	w.cuts++
	if w.onCut != nil {
		w.onCut()
	}
	return true
}

func readMessage(from io.Reader) ([]byte, error) {
	kind := make([]byte, 1)
	if _, err := io.ReadFull(from, kind); err != nil {
		return nil, err
	}
	return readBody(from, kind)
}

func readBody(from io.Reader, message []byte) ([]byte, error) {
	length := make([]byte, 4)
	if _, err := io.ReadFull(from, length); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(length)-4)
	_, err := io.ReadFull(from, body)
	return append(append(message, length...), body...), err
}

func pass(to io.Writer, message []byte) error {
	_, err := to.Write(message)
	return err
}
