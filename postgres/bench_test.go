package postgres_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/postgres"
)

// BenchmarkChargeBatch measures batches as an engine sends them: over as many
// lanes as it has, each with its own keys. It checks that all was counted.
func BenchmarkChargeBatch(b *testing.B) {
	for _, row := range []struct{ keys, charges, lanes int }{
		{1, 512, 1}, {1, 512, 2}, {256, 512, 1}, {256, 512, 2}, {32, 64, 2}, {1, 1, 1},
	} {
		for _, limits := range [][]string{{"1000000000000/day", "1000000000000/month"}, {"1000000000/second", "1000000000000/day"}} {
			b.Run(fmt.Sprintf("keys=%d/charges=%d/lanes=%d/%s", row.keys, row.charges, row.lanes, limits[0][len(limits[0])-3:]), func(b *testing.B) {
				d := newDatabase(b)
				store := d.open(b, postgres.Config{Lanes: row.lanes})
				createPlan(b, store, "plan", limits...)
				b.ReportAllocs()
				benchmarkLanes(b, store, row.keys, row.charges, row.lanes)
				if got, want := ask[int64](b, d, "SELECT sum(used)::bigint FROM usage_days"), int64(b.N*row.charges); got != want {
					b.Errorf("%d requests were recorded, want %d", got, want)
				}
				b.ReportMetric(float64(b.N*row.charges)/b.Elapsed().Seconds(), "charges/s")
				held, _ := store.Remembered()
				b.ReportMetric(float64(held)/float64(b.N), "remembered/op")
			})
		}
	}
}

func benchmarkLanes(b *testing.B, store *postgres.Store, keys, charges, lanes int) {
	batches := make(chan struct{})
	done := make(chan error, lanes)
	for range lanes {
		batch := benchmarkBatch(b, store, keys, charges)
		go func() {
			for range batches {
				batch.ID = uuid.New()
				if _, err := store.Charge(b.Context(), batch); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	b.ResetTimer()
	for range b.N {
		select {
		case batches <- struct{}{}:
		case err := <-done:
			b.Fatal(err)
		}
	}
	close(batches)
	for range lanes {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
}

func benchmarkBatch(b *testing.B, store *postgres.Store, keys, charges int) ration.Batch {
	ids, secrets := make([]ration.KeyID, keys), make([]ration.SecretID, keys)
	for i := range ids {
		record, err := store.CreateKey(b.Context(), func(change *admin.KeyChange) error {
			if err := newKey("plan")(change); err != nil {
				return err
			}
			secret := ration.NewSecret("rk")
			state := ration.SecretState{ID: ration.NewSecretID(), Label: "first", CreatedAt: change.Now}
			change.NewSecrets = []admin.NewSecret{{SecretState: state, Digest: secret.Digest(nil)}}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		ids[i], secrets[i] = record.ID, record.Secrets[0].ID
	}
	items := make([]testbatch.Item, charges)
	for i := range items {
		items[i] = testbatch.Item{Charge: ration.Charge{KeyID: ids[i%keys]}, SecretID: secrets[i%keys]}
	}
	return testbatch.Of(b, items...)
}
