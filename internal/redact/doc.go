// Package redact keeps passwords out of what is printed. A location of a database,
// and what a driver or a parser says of it, is shown only through this package.
package redact
