// Package load asks for requests to be counted, as fast as they are answered (the closed
// loop) or at a constant rate (the open loop), and tells what was answered by key, for a
// comparison with what was recorded.
package load
