package adminsock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// ErrNoServer means that nobody serves the socket.
var ErrNoServer = errors.New("no server answers on the administration socket")

// errOtherRelease means that the two ends don't know the same operations.
var errOtherRelease = errors.New("the running server has another release; restart it with this one")

// Client is the operations of the server that has a database file open. It is
// safe for concurrent use.
type Client struct {
	http    http.Client
	silence time.Duration // how long a server may say nothing
}

var _ admin.Operations = (*Client)(nil)

// Dial finds the server that has a database file open. Error: ErrNoServer.
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
	return &Client{silence: mostSilence, http: http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true, // one command, one request
	}}}, nil
}

// call asks for an operation that changes nothing.
func call[Out any](ctx context.Context, c *Client, name string, input any) (Out, error) {
	return exchange[Out](ctx, c, name, "", input, ration.ErrStoreUnavailable)
}

// callAs asks for a change in the name of an actor.
func callAs[Out any](ctx context.Context, c *Client, name, actor string, input any) (Out, error) {
	return exchange[Out](ctx, c, name, actor, input, ration.ErrOutcomeUnknown)
}

// exchange sends a request and reads the reply. Lost is what it means if the
// connection breaks in between.
func exchange[Out any](ctx context.Context, c *Client, name, actor string, input any, lost error) (output Out, err error) {
	text, err := json.Marshal(input)
	if err != nil {
		return output, fmt.Errorf("asking the server for %s: %w", name, err)
	}
	text, err = json.Marshal(request{Actor: actor, Input: text})
	if err != nil {
		return output, fmt.Errorf("asking the server for %s: %w", name, err)
	}
	answered, err := c.post(ctx, name, text)
	switch {
	case isDialError(err):
		return output, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, err)
	case err != nil:
		return output, fmt.Errorf("%w: %w", lost, err)
	case answered.Error != nil:
		return output, &remoteError{answered.Error}
	}
	return decode[Out](answered.Output)
}

func (c *Client) post(ctx context.Context, name string, body []byte) (answered reply, err error) {
	ctx, watch := watchSilence(ctx, c.silence)
	defer watch.stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://ration/rpc/"+name, watch.reader(bytes.NewReader(body)))
	if err != nil {
		return reply{}, err
	}
	r.ContentLength = int64(len(body))
	response, err := c.http.Do(r)
	if err != nil {
		return reply{}, watch.explain(err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(watch.reader(response.Body))
	if err != nil {
		return reply{}, watch.explain(err)
	}
	return decode[reply](text)
}

func isDialError(err error) bool {
	failure, ok := errors.AsType[*net.OpError](err)
	return ok && failure.Op == "dial"
}
