package pghosts

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// doubtsKey is where a connection keeps how many doubts there were when it was made.
const doubtsKey = "ration.doubts"

// Doubt says that a server was silent in the midst of a connection, so that none of
// those made before is to be trusted: each would find out for itself, one after
// another. A URL of one server has no better one, and leaves them as they are.
func (h *Hosts) Doubt() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.several {
		h.doubts++
	}
}

// Stale reports whether a connection that was made after [Hosts.Choose] is in doubt:
// a server has been silent since then, or another one was chosen.
func (h *Hosts) Stale(conn *pgconn.PgConn) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	made, known := conn.CustomData()[doubtsKey].(int)
	return known && made != h.doubts
}

// mark makes the connections of a configuration keep what [Hosts.Stale] needs.
func (h *Hosts) mark(config *pgconn.Config) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, then := h.doubts, config.AfterConnect
	config.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		conn.CustomData()[doubtsKey] = now
		if then == nil {
			return nil
		}
		return then(ctx, conn)
	}
}
