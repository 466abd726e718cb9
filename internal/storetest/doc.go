// Package storetest is the contract of a store as a test suite. It checks on a real
// database what [ration.Store] and the store of administration promise. Two stores
// that pass [Run] decide charges in the same way.
//
// Each store has one test, which calls Run with a function that opens an empty
// database:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Harness {
//			clock := newFakeClock()
//			store := openEmpty(t, clock) // closed by t.Cleanup
//			return storetest.Harness{Store: store, SetNow: clock.set}
//		})
//	}
//
// Each test has the name of what it proves. Besides these tests, the suite runs
// random operations, and compares each decision and all usage with a second, naive
// implementation. That implementation keeps every admitted charge and computes each
// limit by summing. It shares no code with [ledger.Decide]. With the build tag
// "long", the suite runs more random operations.
//
// The suite uses only the two interfaces, so it says nothing about tables. Query
// plans, lost answers to a COMMIT and full disks are tested by each store's own
// tests.
package storetest
