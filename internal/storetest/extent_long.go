//go:build long

package storetest

// How many times random histories are compared, and at most how many each time.
const randomRounds, randomExamples = 30, 100

// How many rounds of clocks that jump, of 25 jumps each; how many midnights are
// passed under load; and how many keys are first charged at once after one.
const jumpRounds, rollovers, herd = 400, 200, 10_000

// How many reservations are ended from all sides at once, and how many charges
// are sent from all sides at once.
const endRaces, sameAtOnce = 10_000, 2_000

func groupsAgain() []group { return groups() }
