package storetest_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/storetest"
)

// TestSuite runs the suite on a store in memory, which proves the suite rather
// than the store: both keep the contract, or one of them is wrong.
func TestSuite(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		memory := newMemory()
		return storetest.Harness{Store: memory, SetNow: memory.setNow, Purge: memory.purge}
	})
}

// TestSuiteWithSeveralInstances runs it with all that a harness can have. The
// instances are one; a batch that waits for the lock can be seen to wait.
func TestSuiteWithSeveralInstances(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		memory := newMemory()
		return storetest.Harness{
			Store:          memory,
			SetNow:         memory.setNow,
			SetInstanceNow: memory.setInstanceNow,
			OpenAnother:    func(*testing.T) storetest.Store { return memory },
			AwaitLocked:    memory.awaitLocked,
			Crash:          memory.crash,
			Purge:          memory.purge,
		}
	})
}
