package testdb

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// session is a connection to a server, for statements that create and drop databases
// one after another. It connects when it is first used, and again after an error. The
// idle connection has no goroutine that looks like a leak of a test's.
type session struct {
	url string

	mu   sync.Mutex
	conn *pgx.Conn
}

// execute runs one statement.
func (s *session) execute(statement string) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil {
		if s.conn, err = connect(ctx, s.url); err != nil {
			return err
		}
	}
	if _, err := s.conn.Exec(ctx, statement); err != nil {
		s.disconnect(ctx)
		return fmt.Errorf("running %q: %w", statement, err)
	}
	return nil
}

// close ends the connection, if there is one.
func (s *session) close() {
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disconnect(ctx)
}

func (s *session) disconnect(ctx context.Context) {
	if s.conn != nil {
		_ = s.conn.Close(ctx)
		s.conn = nil
	}
}

func connect(ctx context.Context, serverURL string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, serverURL)
	if err != nil {
		return nil, fmt.Errorf("connecting to the test server: %w", err)
	}
	return conn, nil
}
