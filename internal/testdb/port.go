package testdb

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Where ports are looked for, and how often.
const (
	firstPort    = 10_000
	lastPort     = 30_000
	portAttempts = 5
	portGuesses  = 100
)

// startOnFreePort is the first start. Somebody may take the port between our
// look and the server's, hence the attempts.
func (c *Cluster) startOnFreePort(ctx context.Context) error {
	var failed error
	for range portAttempts {
		port, err := FreePort(ctx)
		if err != nil {
			return err
		}
		c.port = port
		if failed = c.start(ctx); failed == nil {
			return nil
		}
	}
	return fmt.Errorf("%w\n%s", failed, c.LogTail())
}

// FreePort returns a port of 127.0.0.1 that nobody listens on. It is below those that
// systems give to outgoing connections: from that range a client that dials a stopped
// server could be given the server's own port, and be connected to itself.
func FreePort(ctx context.Context) (int, error) {
	var failed error
	for range portGuesses {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, listener.Close()
		}
		failed = err
	}
	return 0, fmt.Errorf("finding a free port: %w", failed)
}
