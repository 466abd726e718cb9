package pghosts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// Timeout is how long one server is waited for, unless the URL says less.
	Timeout = 3 * time.Second
	// headStart is how long a server is waited for before the next one is asked, too.
	headStart = 250 * time.Millisecond
	// grace is how long the others are waited for where all are to be heard.
	grace = time.Second
	// rest is how long servers are left alone after none of them would do: callers
	// come by the hundred, and a standby has better things to do than to refuse them.
	rest = 100 * time.Millisecond
)

// Hosts are the servers of one URL, for all who connect by it. The zero value is
// ready for use, concurrently as well.
type Hosts struct {
	// Primary takes the primary before any standby, whatever standby the URL
	// would rather have. Whether a standby will do if there is no primary is up to
	// the caller. If false, target_session_attrs of the URL decides.
	Primary bool

	mu      sync.Mutex
	last    string // address of the server that was chosen last
	several bool   // servers to choose from
	doubts  int    // reasons to trust no connection made before
	refused error  // why none would do, until restEnd
	restEnd time.Time
}

// Choose leaves one server in a configuration, with all ways to talk to it, and
// at most [Timeout] to connect. Of several servers it connects to as many as it takes to
// find one that ValidateConnect accepts; at first to all that answer, because one
// that does may have to be refused for what another tells: an old primary that was
// not fenced. It fails if no name has an address, or if none of several servers is
// accepted, with what each of them said; then they are not asked again for a tenth of a second.
func (h *Hosts) Choose(ctx context.Context, config *pgconn.Config) error {
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > Timeout {
		config.ConnectTimeout = Timeout
	}
	servers, unknown := resolve(ctx, config)
	if len(servers) == 0 {
		return fmt.Errorf("looking up the addresses of the database's host: %w", unknown)
	}
	if len(servers) == 1 {
		servers[0].only(config)
		return nil
	}
	last, err := h.begin()
	if err != nil {
		return err
	}
	slices.SortStableFunc(servers, func(a, b server) int { return order(a.address() == last, b.address() == last) })
	all := time.Duration(0)
	if last == "" {
		all = grace
	}
	chosen, refused := h.race(ctx, config, servers, all)
	if refused != nil {
		return h.rest(ctx, fmt.Errorf("no server is usable: %w", errors.Join(unknown, refused)))
	}
	h.note(chosen)
	h.mark(config)
	chosen.only(config)
	return nil
}

// order puts what is true before what is not.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// begin returns the server that was chosen last, or why none would do a moment ago.
func (h *Hosts) begin() (last string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.several = true
	if time.Now().Before(h.restEnd) {
		err = h.refused
	}
	return h.last, err
}

// rest leaves the servers alone for a moment, unless it was the caller who gave up.
func (h *Hosts) rest(ctx context.Context, refused error) error {
	if ctx.Err() == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.refused, h.restEnd = refused, time.Now().Add(rest)
	}
	return refused
}

// note remembers the server that was chosen, unless it was for want of a better one.
func (h *Hosts) note(chosen answer) {
	if chosen.second {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != "" && h.last != chosen.address() {
		h.doubts++
	}
	h.last = chosen.address()
}

// race asks the servers in their order and returns the first that will do, once it
// has waited so long for the others.
func (h *Hosts) race(ctx context.Context, config *pgconn.Config, servers []server, others time.Duration) (answer, error) {
	turns := make([]chan struct{}, len(servers)+1)
	for i := range turns {
		turns[i] = make(chan struct{})
	}
	close(turns[0])
	answers, err := gather(ctx, len(servers), others, func(ctx context.Context, i int) (answer, error) {
		select {
		case <-turns[i]:
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
		next := sync.OnceFunc(func() { close(turns[i+1]) })
		defer time.AfterFunc(headStart, next).Stop()
		a, err := h.ask(ctx, config, servers[i])
		if err != nil || a.second || others > 0 { // else the others are spared
			next()
		}
		return a, err
	}, func(a answer) bool { return !a.second })
	defer closeAll(answers)
	slices.SortStableFunc(answers, func(a, b answer) int { return order(!a.second, !b.second) })
	for _, a := range answers {
		if len(answers) == 1 || a.second || config.ValidateConnect == nil {
			return a, nil
		}
		again := config.ValidateConnect(ctx, a.conn)
		if again == nil || errors.As(again, new(*pgconn.NotPreferredError)) {
			return a, nil
		}
		err = errors.Join(err, again)
	}
	return answer{}, err
}
