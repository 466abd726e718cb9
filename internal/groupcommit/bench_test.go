package groupcommit_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/ration-dev/ration/internal/groupcommit"
)

const benchCallers = 512

func BenchmarkDoHotKey(b *testing.B)   { benchmarkCommits(b, 1) }
func BenchmarkDoManyKeys(b *testing.B) { benchmarkCommits(b, 10_000) }

// benchmarkCommits measures what the lane itself costs. A Commit that does nothing
// leaves callers hardly any time to queue; one that lets them run first, as waiting
// for a disk does, gets the batches that a loaded lane is about.
func benchmarkCommits(b *testing.B, keys uint64) {
	b.Run("commit=nothing", func(b *testing.B) { benchmarkDo(b, keys, 0, nil) })
	b.Run("commit=yields", func(b *testing.B) { benchmarkDo(b, keys, 200, nil) })
	b.Run("commit=nothing, observed", func(b *testing.B) { benchmarkDo(b, keys, 0, func(groupcommit.Sent) {}) })
	b.Run("commit=yields, observed", func(b *testing.B) { benchmarkDo(b, keys, 200, func(groupcommit.Sent) {}) })
}

func benchmarkDo(b *testing.B, keys uint64, yields int, observe func(groupcommit.Sent)) {
	var batches, items int64 // only Commit touches them until Close has returned
	lane := groupcommit.New(groupcommit.Config[uint64, uint64, uint64]{
		Key:     func(item uint64) uint64 { return item % keys },
		Observe: observe,
		Commit: func(_ context.Context, batch []uint64) ([]uint64, error) {
			for range yields {
				runtime.Gosched()
			}
			batches++
			items += int64(len(batch))
			return batch, nil
		},
	})
	var callers atomic.Uint64
	b.ReportAllocs()
	b.SetParallelism(max(benchCallers/runtime.GOMAXPROCS(0), 1))
	b.RunParallel(func(pb *testing.PB) {
		ctx := context.Background()
		item := callers.Add(1) * 0x9e3779b97f4a7c15
		for pb.Next() {
			item = item*6364136223846793005 + 1442695040888963407
			if got, err := lane.Do(ctx, item>>20); err != nil || got != item>>20 {
				b.Errorf("Do(%d) = %d, %v", item>>20, got, err)
				return
			}
		}
	})
	if err := lane.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	if items != int64(b.N) {
		b.Fatalf("%d items committed, want %d", items, b.N)
	}
	b.ReportMetric(float64(items)/float64(batches), "items/batch")
	b.ReportMetric(float64(items)/b.Elapsed().Seconds(), "items/s")
}
