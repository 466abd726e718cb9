// Package cli is the command line. It reads arguments, opens the database that they
// name, calls an operation of package admin and shows the result. It has no rules of
// its own.
//
// Exit codes: 0 ok, 1 run-time error, 2 arguments, 3 configuration or environment, 4
// database out of reach or busy, 5 database damaged, 6 schema or migration, 7 doctor or
// reconcile found a problem. docs/OPERATIONS.md has them with examples.
package cli
