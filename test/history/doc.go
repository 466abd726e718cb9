// Package history keeps what callers were told about their charges, and checks
// whether one exact count, in one order, can have told it: that nothing that was
// admitted is missing, nothing was counted twice, no limit was exceeded and no
// caller saw the past.
package history
