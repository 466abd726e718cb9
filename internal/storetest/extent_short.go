//go:build !long

package storetest

// How many times random histories are compared, and at most how many each time.
const randomRounds, randomExamples = 1, 15

// How many rounds of clocks that jump, of 25 jumps each; how many midnights are
// passed under load; and how many keys are first charged at once after one.
const jumpRounds, rollovers, herd = 12, 2, 300

// How many reservations are ended from all sides at once, and how many charges
// are sent from all sides at once.
const endRaces, sameAtOnce = 80, 40

func groupsAgain() []group { return groupsOfTransactions() }
