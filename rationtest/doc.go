// Package rationtest is for testing programs that embed Ration: a real
// [ration.Engine] on a database of its own, with a clock that only the test
// moves. Nothing is faked but time and, on demand, the store's failure.
//
//	func TestAskIsCounted(t *testing.T) {
//		fixture := rationtest.New(t, rationtest.Options{})
//		fixture.Plan("free", "2/day", "1000 tokens/month")
//		key := fixture.Key(rationtest.Key{Owner: "ada", Plan: "free"})
//
//		server := httptest.NewServer(myapp.Handler(fixture.Engine))
//		defer server.Close()
//		// … send key.Secret.Reveal() in X-API-Key, twice; the third gets 429 …
//
//		fixture.Advance(24 * time.Hour) // a new day: 2 more
//		fixture.Revoke(key.ID)          // from now on 401
//		fixture.BreakStore()            // from now on 503
//	}
//
// The database is a file in the test's temporary directory and goes with the
// test. A helper that can't do what it is asked ends the test.
package rationtest
