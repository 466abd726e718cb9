package sqlite

import (
	"context"
	"fmt"
)

// FlushLess opens a store like OpenShortLog, whose commits then flush as little
// as a level of "PRAGMA synchronous" below FULL says: the faulty build that
// tests of power cuts have to tell from ours.
func FlushLess(ctx context.Context, config Config, pages, synchronous int) (*Store, error) {
	store, err := OpenShortLog(ctx, config, pages)
	if err != nil {
		return nil, err
	}
	writer := <-store.writer
	defer func() { store.writer <- writer }()
	if _, err := writer.exec(ctx, fmt.Sprintf("PRAGMA synchronous = %d", synchronous)); err != nil {
		return nil, err
	}
	return store, nil
}

// Hold reads, and does something else before it has read all.
func (s *Store) Hold(ctx context.Context, do func()) error {
	return s.read(ctx, func(conn *conn) error {
		_, err := conn.number(ctx, "SELECT count(*) FROM api_keys")
		do()
		return err
	})
}
