package sqlite_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/sqlite"
)

// BenchmarkCharge measures one batch, flushed to disk. Its workload is checked:
// every charge has to be admitted, and in the end all of them counted.
func BenchmarkCharge(b *testing.B) {
	for _, shape := range []struct {
		name           string
		keys           int // that exist
		distinct, each int // keys per batch, and charges of each
	}{
		{"one key, 1 charge", 1, 1, 1},
		{"one key, 512 charges", 1, 1, 512},
		{"256 of 1,000 keys", 1_000, 256, 1},
		{"256 of 20,000 keys", 20_000, 256, 1},
	} {
		b.Run(shape.name, func(b *testing.B) {
			store := open(b, sqlite.Config{Path: newPath(b)})
			createPlan(b, store, "plan", "1000000000/day", "1000000000/second burst 2000000000", "1000000000000/month")
			keys := make([]ration.KeyID, shape.keys)
			for i := range keys {
				keys[i] = createKey(b, store, "plan")
			}
			batches := make([]ration.Batch, 64)
			for i := range batches {
				rand.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
				var charged []ration.KeyID
				for _, key := range keys[:shape.distinct] {
					charged = append(charged, slices.Repeat([]ration.KeyID{key}, shape.each)...)
				}
				batches[i] = testbatch.Requests(b, charged...)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				decisions, err := store.Charge(b.Context(), batches[n%len(batches)])
				if err != nil {
					b.Fatal(err)
				}
				if i := slices.IndexFunc(decisions, func(d ration.Decision) bool { return !d.Allowed() }); i >= 0 {
					b.Fatalf("charge %d: %s", i, decisions[i].Code)
				}
				n++
			}
			charges := shape.distinct * shape.each
			b.ReportMetric(float64(n*charges)/b.Elapsed().Seconds(), "charges/s")
			var counted int64
			for _, key := range keys {
				usage, _, err := store.KeyUsage(b.Context(), key)
				if err != nil {
					b.Fatal(err)
				}
				counted += usage[0].Used
			}
			if counted != int64(n*charges) {
				b.Fatalf("counted %d of %d", counted, n*charges)
			}
		})
	}
}
