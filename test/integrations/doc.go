// Package integrations holds the ways in to one another: the same question,
// asked through each of them, gets the same status, the same fields and the same
// body. A new way in adds a row to ways.
package integrations
