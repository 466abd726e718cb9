//go:build long

package postgres_test

const (
	// lostAnswers is how many connections break at each point of a transaction.
	lostAnswers = 500
	// contendedBatches is how many batches run against administration and each other.
	contendedBatches = 100_000
	// givenUp is how many transactions the server gives up.
	givenUp = 2_000
)
