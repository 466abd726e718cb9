// Package rewrite makes answers look as an existing API's clients know them: it
// writes what a decision tells into JSON bodies, and words errors by templates.
// It knows nothing of HTTP but statuses and content types.
package rewrite
