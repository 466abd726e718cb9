// Package framing finds connections on which it is in doubt where a request ends.
//
// A request with both Content-Length and Transfer-Encoding, or with
// Transfer-Encoding in HTTP/1.0, may have been read differently by whoever passed it
// on: what that one sent as a body may be a request to us, on a connection that
// carries requests of several clients. RFC 9112, section 6.1, wants such a request
// answered or refused, and the connection closed. net/http reads one of the two
// lengths and forgets the other before a handler can see it, so this package looks
// at the bytes.
//
// It follows requests only as long as they are framed as ordinary clients frame
// them. Of anything else it says that it is in doubt, and stops looking: that costs
// a connection, never a request. What is no HTTP at all is net/http's to refuse.
package framing
