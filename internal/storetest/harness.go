package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// Store is a database with both of its faces.
type Store interface {
	ration.Store
	admin.Store
}

// Harness is an empty database under test. Its tests run one after the other
// and share it; each makes keys and plans of its own.
type Harness struct {
	// Store is an instance on the database. Its last test may close it, and closes
	// it twice; a t.Cleanup that closes it again must find nothing wrong.
	Store Store

	// SetNow stops the database's clock, and that of all instances, at a time of
	// whole microseconds. It is called before the first use, and may turn back.
	// It is called while charges are under way.
	SetNow func(time.Time)

	// SetInstanceNow stops the clock of all instances only, so that it disagrees
	// with the database's until the next SetNow. Where both are one clock, it moves
	// what the instance believes to have passed. Nil where nothing is ever suspect.
	SetInstanceNow func(time.Time)

	// BelievesSteps says that clocks which disagree are believed after a while, as
	// they are where both are one and only what has passed can disagree.
	BelievesSteps bool

	// OpenAnother returns another instance on the same database, which t.Cleanup
	// closes. Nil where a database has one instance at most.
	OpenAnother func(t *testing.T) Store

	// Crash crashes instances. Random histories go without crashes where it is nil.
	Crash Crash

	// AwaitLocked returns as soon as a transaction of this database waits for a
	// lock that another one holds. It fails the test if none ever does. Nil where
	// a transaction can't begin while another writes.
	AwaitLocked func(t *testing.T)
}

// Crash does work on an instance that crashes in the midst of it, which depends on
// point, or right after it, and returns one to go on with: the given one, unless it
// was that which crashed. The work's context may end with the crash.
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

// Run proves that a store keeps the contract. It calls open once for each group
// of tests; groups run in parallel.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	runGroups(t, groups(), randomExamples, open)
}

// RunAgain is [Run] for a store that passes it on another way to its database, such
// as a pooler. It runs the groups whose outcome can depend on the way and a few
// random histories; with the build tag "long" it runs all groups.
func RunAgain(t *testing.T, open func(t *testing.T) Harness) {
	runGroups(t, groupsAgain(), randomExamples/5, open)
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
	return append(groupsOfTransactions(), []group{
		{"Decisions", decisionTests},
		{"Access", accessTests},
		{"Periods", periodTests},
		{"Overrides", overrideTests},
		{"History", historyTests},
		{"Unlimited", unlimitedTests},
		{"Plans", planTests},
		{"Tokens", tokenTests},
		{"Clocks", clockTests},
		{"Repair", repairTests},
		{"Imports", importTests},
		{"Reservations", reservationTests},
		{"Refunds", refundTests},
	}...)
}

// groupsOfTransactions are those whose outcome can depend on the way to a database:
// on which session a statement meets, and what it does there beside others.
func groupsOfTransactions() []group {
	return []group{
		{"Batches", batchTests},
		{"Locks", lockTests},
		{"Concurrency", concurrencyTests},
		{"Keys", keyTests},
		{"ManyKeys", manyKeysTests},
		{"Audit", auditTests},
		{"Idempotency", idempotencyTests},
		{"Closing", closingTests},
	}
}
