package compare

import (
	"context"
	"fmt"
)

// counted is a way to count that can say what it has counted.
type counted interface {
	Counted(ctx context.Context) (total int64, keys int, err error)
}

// Check compares what the callers saw with what the database holds: a benchmark
// that lost its workload would otherwise look very fast.
func Check(ctx context.Context, r Result, subject counted) error {
	total, keys, err := subject.Counted(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading what was counted: %w", err)
	case total != r.Admitted:
		return fmt.Errorf("the database counts %d requests and the callers saw %d admitted", total, r.Admitted)
	case keys != r.DistinctKeys:
		return fmt.Errorf("the database counts for %d keys and the callers used %d", keys, r.DistinctKeys)
	case r.Denied > 0:
		return fmt.Errorf("%d requests were denied, far below the limit", r.Denied)
	}
	return nil
}
