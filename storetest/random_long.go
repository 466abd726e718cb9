//go:build long

package storetest

// How many times random histories are compared, and at most how many each time.
const randomRounds, randomExamples = 30, 100
