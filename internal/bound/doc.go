// Package bound bounds what clients can hold of a server: connections, by address
// and in all; new ones each second; header fields; and time, by how slowly they may
// send a request or read an answer.
//
// A [Listener] refuses connections before a byte of them is read. It makes room for a
// new one by closing the connection that has been idle for longest, so nobody keeps
// others out by holding connections that carry nothing. Its connections time
// themselves: an answer must be read at a least rate whenever writing it has to wait,
// whoever writes it. What is silent by nature (a stream of events, a WebSocket) is
// never timed, because nobody waits for its reader then.
//
// Heads are counted in what is read of a request, above TLS; all else is bounded
// beneath it, where a write that waits can go on.
//
// A [Handler] times the bodies of requests in the same way, while somebody waits for
// them, and counts header fields.
package bound
