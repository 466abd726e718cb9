package ledger

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/ration-dev/ration"
)

// TestThresholdUnits wants the fewest units that are a percentage, as numbers without a
// bound have it.
func TestThresholdUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quantity, percent := rapid.Int64Range(0, ration.MaxUnits).Draw(t, "quantity"), rapid.IntRange(1, 100).Draw(t, "percent")
		got := thresholdUnits(quantity, percent)
		reaches := func(units int64) bool {
			return new(big.Int).Mul(big.NewInt(units), big.NewInt(100)).Cmp(new(big.Int).Mul(big.NewInt(quantity), big.NewInt(int64(percent)))) >= 0
		}
		if !reaches(got) || got > 0 && reaches(got-1) {
			t.Fatalf("%d %% of %d is %d", percent, quantity, got)
		}
	})
}
