package sqlite

import (
	"context"
	"fmt"
)

// checkedPages is the size of a database, 256 MiB, up to which opening it checks
// all of it. That takes about a second.
const checkedPages = 65_536

// Check reads the whole file, and returns [ErrDamaged] if its structure is damaged.
// It can take minutes. Charges and changes go on meanwhile.
func (s *Store) Check(ctx context.Context) error {
	return s.read(ctx, func(conn *conn) error { return check(ctx, conn) })
}

// checkSmall checks a file of which that takes no time to speak of.
func checkSmall(ctx context.Context, conn *conn) error {
	pages, err := conn.number(ctx, "PRAGMA page_count")
	if err != nil || pages > checkedPages {
		return err
	}
	return check(ctx, conn)
}

func check(ctx context.Context, conn *conn) error {
	err := conn.query(ctx, "PRAGMA quick_check(1)", nil, func(r *row) error {
		if finding := r.text(0); finding != "ok" {
			return fmt.Errorf("%w: %s", ErrDamaged, finding)
		}
		return nil
	})
	return explainDamage(err)
}
