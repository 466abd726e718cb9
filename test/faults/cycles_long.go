//go:build long

package faults

// Repeats returns how often a test does a thing: few times, or many in the long tests.
func Repeats(_, many int) int { return many }
