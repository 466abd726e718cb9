// Package examples runs the recipes under examples as processes of their own,
// against the built binary: what is allowed, denied, and what they do while
// Ration can't be asked.
package examples
