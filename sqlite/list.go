package sqlite

import (
	"context"
	"math/bits"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
)

// A query about many keys at once names them in a list of 1, 2, 4, … 256
// parameters, so that few statements are prepared and each finds every key by
// its table's primary key. A shorter list repeats its last value, which changes
// no result.
const listSizes = 9

// listQuery is a query with a list, the same one, in place of each "(?)". Its other
// parameters come after the first list, and SQLite numbers them from there.
type listQuery [listSizes]string

func newListQuery(query string) *listQuery {
	var sizes listQuery
	list := "?1"
	for i, next := 0, 2; i < listSizes; i++ {
		for ; next <= 1<<i; next++ {
			list += ",?" + strconv.Itoa(next)
		}
		sizes[i] = strings.ReplaceAll(query, "(?)", "("+list+")")
	}
	return &sizes
}

// queryList calls each with the rows of all values, which are of one type that
// a statement takes. More are the values of the other parameters.
func queryList[T any](ctx context.Context, conn *conn, query *listQuery, values []T, each func(*row) error, more ...any) error {
	const most = 1 << (listSizes - 1)
	list := make([]any, 0, most+len(more))
	for len(values) > 0 {
		count := min(len(values), most)
		size := bits.Len(uint(count - 1)) // the least power of two that is not below count
		list = list[:0]
		for i := range 1 << size {
			list = append(list, values[min(i, count-1)])
		}
		if err := conn.query(ctx, query[size], append(list, more...), each); err != nil {
			return err
		}
		values = values[count:]
	}
	return nil
}

// blobs returns the ids of keys as values of a list.
func blobs(ids []ration.KeyID) [][]byte {
	values := make([][]byte, len(ids))
	for i, id := range ids {
		values[i] = blob(id)
	}
	return values
}
