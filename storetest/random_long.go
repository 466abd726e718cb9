//go:build long

package storetest

// randomExamples is how many random histories are compared.
const randomExamples = 3000
