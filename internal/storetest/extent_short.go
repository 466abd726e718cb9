//go:build !long

package storetest

// How many times random histories are compared, and at most how many each time.
const randomRounds, randomExamples = 1, 15

// How many rounds of clocks that jump, of 25 jumps each; how many midnights are
// passed under load; and how many keys are first charged at once after one.
const jumpRounds, rollovers, herd = 8, 2, 100

// How many reservations are ended from all sides at once, and how many charges
// are sent from all sides at once.
const endRaces, sameAtOnce = 32, 16

func groupsAgain() []group { return groupsOfTransactions() }
