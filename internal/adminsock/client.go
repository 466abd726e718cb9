package adminsock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/adminclient"
)

// ErrNoServer means that nobody serves the database's socket.
var ErrNoServer = errors.New("no server answers on the administration socket")

// Client has the operations of the server that serves the socket of a database. It is safe
// for concurrent use.
type Client struct {
	*adminclient.Operations
	watch *watching
}

// Dial returns a client for the server that serves the socket of the database file.
// Error: [ErrNoServer].
func Dial(ctx context.Context, database string) (*Client, error) {
	path, err := Path(database)
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		if err := checkOwner(path, database); err != nil {
			return nil, err
		}
		return (&net.Dialer{Timeout: mostSilence}).DialContext(ctx, "unix", path)
	}
	probe, err := dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
	}
	if err := probe.Close(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoServer, err)
	}
	watch := &watching{most: mostSilence, RoundTripper: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true, // one command, one request
	}}
	operations, err := adminclient.New(client.Config{
		URL: "http://ration", HTTP: &http.Client{Transport: adminclient.NamingActor{RoundTripper: watch}}, Retries: -1,
	})
	return &Client{operations, watch}, err
}
