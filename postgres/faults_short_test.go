//go:build !long

package postgres_test

const (
	// lostAnswers is how many connections break at each point of a transaction.
	lostAnswers = 5
	// contendedBatches is how many batches run against administration and each other.
	contendedBatches = 150
	// givenUp is how many transactions the server gives up.
	givenUp = 40
)
