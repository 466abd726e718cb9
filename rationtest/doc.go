// Package rationtest helps to test programs that embed Ration. Its fixture is a real
// [ration.Engine] with its own database, and with a clock that only the test moves.
// Nothing is faked, except for time and, on demand, a failure of the store.
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
// The database is a file in the test's temporary directory, and is deleted with it. A
// method that can't do its work ends the test.
package rationtest
