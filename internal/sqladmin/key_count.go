package sqladmin

import "context"

// CountKeys implements admin.Keys. It reads at most that many rows of the index.
func (s *Store) CountKeys(ctx context.Context, most int) (count int, err error) {
	err = s.db.Read(ctx, "counting keys", func(ctx context.Context, r Reader) error {
		return r.Query(ctx, "SELECT count(*) FROM (SELECT id FROM api_keys LIMIT ?) AS counted", func(row Row) { count = int(row.Int()) }, Limit(most))
	})
	return count, err
}
