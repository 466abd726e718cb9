package envoy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
)

// inMemory is a listener of connections whose time goes by the clock of synctest.
type inMemory struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *inMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *inMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *inMemory) Addr() net.Addr { return &net.TCPAddr{} }

// askAndTakeNothing asks for the server's health over a connection, without a token, and
// lets it send no byte of the answer. It returns once the connection ends.
func askAndTakeNothing(c net.Conn) <-chan struct{} {
	ended := make(chan struct{})
	var head bytes.Buffer
	fields := hpack.NewEncoder(&head)
	for _, field := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", "/grpc.health.v1.Health/Check"}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
		_ = fields.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
	}
	frames := http2.NewFramer(c, c)
	go func() {
		_, _ = io.WriteString(c, http2.ClientPreface)
		_ = frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		_ = frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true})
		_ = frames.WriteData(1, true, make([]byte, 5))
	}()
	go func() {
		defer close(ended)
		frames := http2.NewFramer(c, c) // the other one's writes are another goroutine's
		for {
			frame, err := frames.ReadFrame()
			if err != nil {
				return
			}
			if ping, is := frame.(*http2.PingFrame); is && !ping.IsAck() {
				_ = frames.WritePing(true, ping.Data)
			}
		}
	}()
	return ended
}

func TestAPeerThatTakesNoAnswer(t *testing.T) {
	for name, row := range map[string]struct {
		act  func(*envoy.Server) error
		most time.Duration // until the connection is ended
	}{
		"holds up no shutdown": {func(s *envoy.Server) error {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			return s.Shutdown(ctx)
		}, 15 * time.Second},
		"holds its connection for a bounded time": {func(*envoy.Server) error { return nil }, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table, err := route.Compile(route.Config{})
				if err != nil {
					t.Fatal(err)
				}
				asked := make(chan struct{})
				s := envoy.NewServer(envoy.Config{Inbound: inbound.Config{Routes: table}, Callers: bearer.New(fakeTokens{}), Ready: func(context.Context) error {
					close(asked)
					return nil
				}})
				listener := &inMemory{accept: make(chan net.Conn), closed: make(chan struct{})}
				served := make(chan error, 1)
				go func() { served <- s.Serve(listener) }()
				mine, theirs := net.Pipe()
				listener.accept <- theirs
				ended, start := askAndTakeNothing(mine), time.Now()
				<-asked
				if err := row.act(s); err != nil {
					t.Errorf("Shutdown = %v", err)
				}
				select {
				case <-ended:
				case <-time.After(row.most):
					t.Error("the connection is still open")
				}
				if took := time.Since(start); took > row.most {
					t.Errorf("the connection was open for %v", took)
				}
				if err := errors.Join(s.Close(), mine.Close(), <-served); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
