// Package storetest is the contract of a store as a test suite: what
// [ration.Store] and the store of administration promise, tried on a real
// database. A store that passes [Run] decides charges as every other does.
//
// The author of a store writes one test that calls Run with a function that
// opens an empty database:
//
//	func TestContract(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) storetest.Harness {
//			clock := newFakeClock()
//			store := openEmpty(t, clock) // closed by t.Cleanup
//			return storetest.Harness{Store: store, SetNow: clock.set}
//		})
//	}
//
// Beside tests named for what they prove, the suite runs random operations and
// compares each decision and all usage with a naive second opinion. That
// opinion keeps every admitted charge and recomputes each limit by summing; it
// shares no code with [ledger.Decide]. The build tag "long" runs more of them.
//
// Everything is reached through the two interfaces, so the suite says nothing
// about tables. A plan of a query, a lost answer to a COMMIT or a full disk are
// matters of each store's own tests.
package storetest
