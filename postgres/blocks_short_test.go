//go:build !long

package postgres_test

// How many keys the large table has whose cost is compared with a small one's.
const largeTable = 10_000
