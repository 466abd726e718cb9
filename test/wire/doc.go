// Package wire sends raw bytes to every way in, and holds what Ration counted and
// what the upstream saw against each other: no request reaches the upstream that
// was neither charged nor free, nothing after a body that is broken is taken for a
// request, and the connection ends where HTTP wants it ended.
//
// messages_test.go has the messages: add a row there. ways_test.go has the ways in.
// The fuzz target makes messages up.
package wire
