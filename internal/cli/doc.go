// Package cli is the command line: it reads arguments, opens what they name,
// calls an operation of package admin and shows what comes back. It has no
// rules of its own.
//
// Exit codes: 0 ok, 1 run-time error, 2 usage or flag, 3 configuration or
// environment, 4 database out of reach or busy, 5 database damaged, 6 schema or
// migration.
package cli
