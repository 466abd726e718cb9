package storetest_test

import (
	"testing"

	"github.com/ration-dev/ration/storetest"
)

// TestSuite runs the suite on a store in memory, which proves the suite rather
// than the store: both keep the contract, or one of them is wrong.
func TestSuite(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		memory := newMemory()
		return storetest.Harness{Store: memory, SetNow: memory.setNow}
	})
}
