// Package numeral reads amounts that other programs write: an upstream in a header
// field or a body, a caller of the verify API, a file of counts. One rule holds for
// all of them. It calculates with digits, since a float64 rounds large numbers.
package numeral
