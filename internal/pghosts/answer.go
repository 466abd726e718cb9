package pghosts

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// answer is a server that let us in and was accepted.
type answer struct {
	server
	conn   *pgconn.PgConn
	second bool // it is taken only if no other one answers
}

// ask connects to a server. The caller closes the connection.
func (h *Hosts) ask(ctx context.Context, config *pgconn.Config, s server) (answer, error) {
	a := answer{server: s}
	own := config.Copy()
	s.only(own)
	own.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		return h.accept(ctx, conn, config.ValidateConnect, &a)
	}
	var err error
	a.conn, err = pgconn.ConnectConfig(ctx, own)
	return a, err
}

// accept asks a server what it is.
func (h *Hosts) accept(ctx context.Context, conn *pgconn.PgConn, wanted pgconn.ValidateConnectFunc, a *answer) error {
	a.second = false
	if h.Primary {
		err := pgconn.ValidateConnectTargetSessionAttrsPrimary(ctx, conn)
		if a.second = errors.Is(err, pgconn.ErrStandbyConnection); err != nil && !a.second {
			return err
		}
	}
	if wanted == nil {
		return nil
	}
	err := wanted(ctx, conn)
	if errors.As(err, new(*pgconn.NotPreferredError)) {
		a.second = a.second || !h.Primary
		return nil
	}
	return err
}

func closeAll(answers []answer) {
	ctx, cancel := context.WithTimeout(context.Background(), headStart)
	defer cancel()
	var closing sync.WaitGroup
	for _, a := range answers {
		closing.Go(func() { _ = a.conn.Close(ctx) })
	}
	closing.Wait()
}
