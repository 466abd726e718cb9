package sqladmin

import (
	"context"

	"github.com/ration-dev/ration"
)

// CursorKey implements admin.Keys.
func (s *Store) CursorKey(ctx context.Context) (key []byte, err error) {
	err = s.db.Read(ctx, "reading the key of cursors", func(ctx context.Context, r Reader) error {
		return r.Query(ctx, "SELECT key FROM cursor_key", func(row Row) { key = row.Bytes() })
	})
	if err == nil && key == nil {
		err = ration.ErrNotFound
	}
	return key, err
}
