package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Store is a store with both of its interfaces: that of the engine and that of
// administration.
type Store interface {
	ration.Store
	admin.Store
}

// Harness is an empty database under test. Its tests run one after the other and
// share it. Each test makes its own keys and plans.
type Harness struct {
	// Store is an instance on the database. The last test may close it, even twice.
	// It must then be possible for a t.Cleanup to close it again.
	Store Store

	// SetNow stops the clocks of the database and of all instances at a time in whole
	// microseconds. It is called before the first use and while charges are under
	// way, and the time may be earlier than before.
	SetNow func(time.Time)

	// SetInstanceNow stops only the clock of all instances, so that it disagrees with
	// the database's clock until the next SetNow. If both are one clock, it moves the
	// time that the instance believes to have passed. Nil: the clock is never
	// suspect.
	SetInstanceNow func(time.Time)

	// BelievesSteps says that clocks that disagree are believed after a while. That
	// is so if both are one clock, which can only disagree with the time that has
	// passed.
	BelievesSteps bool

	// OpenAnother returns another instance on the same database, which t.Cleanup
	// closes. Nil: a database has at most one instance.
	OpenAnother func(t *testing.T) Store

	// Crash crashes instances. Nil: random histories have no crashes.
	Crash Crash

	// Purge makes an instance delete the history by day, traffic, and entries of the audit
	// log, that are older than some time, as it does by itself, until nothing is left to
	// delete. It is called for several instances at once.
	Purge func(ctx context.Context, store Store, older time.Duration) error

	// ListWithin lists keys: the keys of one filter are few if they are at most few, and
	// else at most looked are looked at. It returns how many rows were read for that,
	// too. Nil: the store looks at all keys.
	ListWithin func(ctx context.Context, store Store, filter admin.KeyFilter, few, looked int) (found admin.FoundKeys, rows int, err error)

	// AwaitLocked returns as soon as a transaction of this database waits for a lock
	// that another one holds. It fails the test if that never happens. Nil: a
	// transaction can't begin while another one writes.
	AwaitLocked func(t *testing.T)
}

// Crash does work on an instance that crashes during the work or right after it,
// depending on point. It returns the instance to go on with: the given one, unless
// that is the one that crashed. The work's context may end with the crash.
type Crash func(t *testing.T, store Store, point uint64, work func(context.Context, Store)) Store

// group is tests of one topic, which share a database.
type group struct {
	name  string
	tests []contractTest
}

// contractTest is one promise.
type contractTest struct {
	name string
	run  func(*fixture)
}

// Run tests that a store keeps the contract. It calls open once for each group of
// tests. Groups run in parallel.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	runGroups(t, groups(), randomExamples, open)
}

// RunAgain is [Run] for a store that already passes it, but here reaches its database
// in another way, such as through a pooler. It runs the groups whose outcome can
// depend on that way, and a few random histories. With the build tag "long" it runs
// all groups.
func RunAgain(t *testing.T, open func(t *testing.T) Harness) {
	runGroups(t, groupsAgain(), randomExamples/5, open)
}

// RunHistory is [Run] for a store that already passes it, but whose history is kept in
// another way, such as in partitions.
func RunHistory(t *testing.T, open func(t *testing.T) Harness) {
	runGroups(t, groupsOfHistory(), randomExamples/5, open)
}

func runGroups(t *testing.T, groups []group, examples int, open func(t *testing.T) Harness) {
	for _, group := range groups {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			harness := open(t)
			for _, test := range group.tests {
				t.Run(test.name, func(t *testing.T) { test.run(newFixture(t, harness)) })
			}
		})
	}
	t.Run("Random", func(t *testing.T) {
		t.Parallel()
		harness := open(t)
		instances := newFixture(t, harness).instances(2)
		for range randomRounds {
			testRandomly(t, harness, instances, examples)
		}
	})
}

func groups() []group {
	return append(slices.Concat(groupsOfTransactions(), groupsOfHistory()), []group{
		{"Decisions", decisionTests},
		{"Access", accessTests},
		{"Periods", periodTests},
		{"Overrides", overrideTests},
		{"Rates", rateTests},
		{"Future", futureTests},
		{"Unlimited", unlimitedTests},
		{"Plans", planTests},
		{"Tokens", tokenTests},
		{"Sessions", sessionTests},
		{"Instances", instanceTests},
		{"Summary", summaryTests},
		{"Once", onceTests},
		{"Jobs", jobTests},
		{"Asked", askedTests},
		{"Events", eventTests},
		{"Webhooks", webhookTests},
		{"Deliveries", deliveryTests},
		{"Clocks", clockTests},
		{"Repair", repairTests},
		{"Imports", importTests},
		{"Reservations", reservationTests},
		{"Refunds", refundTests},
		{"Resets", resetTests},
		{"InFlight", inFlightTests},
		{"Shifted", shiftedTests},
		{"NextPeriod", nextTests},
		{"Meters", meterTests},
		{"Lists", listTests},
		{"Traffic", trafficTests},
	}...)
}

// groupsOfHistory are those about what a day, an hour or a change leaves behind.
func groupsOfHistory() []group {
	return []group{
		{"History", historyTests},
		{"Hours", hourTests},
		{"Zones", zoneTests},
		{"Previews", previewTests},
		{"Retention", retentionTests},
		{"Audit", auditTests},
	}
}

// groupsOfTransactions are those whose outcome can depend on the way to a database:
// on which session a statement meets, and what it does there beside others.
func groupsOfTransactions() []group {
	return []group{
		{"Batches", batchTests},
		{"Locks", lockTests},
		{"Concurrency", concurrencyTests},
		{"Keys", keyTests},
		{"KeyLists", keyListTests},
		{"ManyKeys", manyKeysTests},
		{"Idempotency", idempotencyTests},
		{"Closing", closingTests},
	}
}
