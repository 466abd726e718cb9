// Package api holds the wire types of Ration's HTTP API, and nothing else:
// what servers write and clients read. Times are RFC 3339 in UTC, durations
// whole seconds, amounts whole numbers from 0 to 2^53.
package api
