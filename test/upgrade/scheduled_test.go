package upgrade_test

import (
	"testing"

	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestTheFormerBuildRefusesScheduledLimits: it doesn't know when they start, so it must
// not go on with the limits before them.
func TestTheFormerBuildRefusesScheduledLimits(t *testing.T) {
	db, client := testdb.Postgres(t), harness.NewClient()
	this, upstream := harness.ThisBuild(t), harness.NewUpstream(t)
	this.CLI(t, db, "migrate")
	this.CLI(t, db, "plans", "create", "waits", "--limit", "100/day")
	this.CLI(t, db, "plans", "create", "stays", "--limit", "100/day")
	ofPlan, itsOwn, without := this.CreateKey(t, db, "--plan", "waits"), this.CreateKey(t, db, "--plan", "stays"), this.CreateKey(t, db, "--plan", "stays")
	instance := harness.NewInstance(t, db, upstream.URL)
	instance.Use(former(t))
	instance.Start()
	instance.AwaitReady()
	want := func(when string, key harness.Key, outcome harness.Outcome) {
		t.Helper()
		if got := client.Call(t.Context(), instance.ProxyURL+"/", key.Secret); got != outcome {
			t.Errorf("%s: outcome %d, want %d", when, got, outcome)
		}
	}
	for _, key := range []harness.Key{ofPlan, itsOwn, without} {
		want("before the change", key, harness.Admitted)
	}
	this.CLI(t, db, "plans", "update", "waits", "--limit", "5/day", "--from", "next-period")
	this.CLI(t, db, "keys", "update", itsOwn.ID, "--limit", "5/day", "--from", "next-period")
	want("a plan's change", ofPlan, harness.Unknown) // an error, and nothing charged
	want("a key's change", itsOwn, harness.Unknown)  // an error, and nothing charged
	want("no change", without, harness.Admitted)
	this.CLI(t, db, "plans", "update", "waits", "--limit", "100/day")
	this.CLI(t, db, "keys", "update", itsOwn.ID, "--clear-limit", "day")
	want("a plan's change that was taken back", ofPlan, harness.Admitted)
	want("a key's change that was taken back", itsOwn, harness.Admitted)
}
