package wire_test

// fate is what must become of the connection.
type fate int

const (
	ends   fate = iota // after at most one answer; what follows is never run
	lasts              // what follows is answered
	either             // net/http may do as it likes, so long as nothing uncounted runs
)

// message is one request as it is sent, and what becomes of its connection on every
// way in. It begins after the request line, Host, and what the way in asks for.
type message struct {
	name    string
	version string // empty: HTTP/1.1
	method  string // empty: POST
	fields  string // each line ended
	body    string
	fate    fate
	cut     bool // the client sends nothing more
	// own is the fate where the server is not ours, as before the Go middleware.
	own fate
}

// hidden is the request that an attack hides in the body of another: 64 bytes. In
// what is sent, HOST.. becomes the name by which a conversation is known.
const hidden = "GET /free/HIDDEN HTTP/1.1\r\nHost: HOST..\r\nX-Auth-Subject: eve\r\n\r\n"

const (
	chunks = "Transfer-Encoding: chunked\r\n"
	whole  = "5\r\nhello\r\n0\r\n\r\n"
)

// messages are what is tried. Of each row, more of its kind may be added.
var messages = []message{
	// As ordinary clients send them.
	{name: "no body", fate: lasts, own: lasts},
	{name: "no body in HTTP/1.0", version: "HTTP/1.0", fate: ends, own: ends},
	{name: "no body in HTTP/1.0, kept alive", version: "HTTP/1.0", fields: "Connection: keep-alive\r\n", fate: lasts, own: lasts},
	{name: "length", fields: "Content-Length: 5\r\n", body: "hello", fate: lasts, own: lasts},
	{name: "length of nothing", fields: "Content-Length: 0\r\n", fate: lasts, own: lasts},
	{name: "chunks", fields: chunks, body: whole, fate: lasts, own: lasts},
	{name: "chunks with a trailer", fields: chunks + "Trailer: X-Sum\r\n", body: "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", fate: lasts, own: lasts},
	{name: "chunks with an extension", fields: chunks, body: "5;a=b\r\nhello\r\n0;c\r\n\r\n", fate: lasts, own: lasts},
	{name: "size of a chunk with zeros", fields: chunks, body: "0005\r\nhello\r\n000\r\n\r\n", fate: lasts, own: lasts},
	{name: "coding in capitals", fields: "transfer-encoding: CHUNKED\r\n", body: whole, fate: lasts, own: lasts},
	{name: "GET with a length", method: "GET", fields: "Content-Length: 5\r\n", body: "hello", fate: lasts, own: lasts},
	{name: "GET with chunks", method: "GET", fields: chunks, body: whole, fate: lasts, own: lasts},
	{name: "HEAD with a length", method: "HEAD", fields: "Content-Length: 5\r\n", body: "hello", fate: lasts, own: lasts},
	{name: "a request as a body", fields: "Content-Length: 64\r\n", body: hidden, fate: lasts, own: lasts},
	{name: "lines ended by LF", fields: "X-A: b\nContent-Length: 5\n", body: "hello", own: lasts},
	{name: "the client wants to close", fields: "Connection: close\r\nContent-Length: 5\r\n", body: "hello", fate: ends, own: ends},

	// Chunks that are no chunks.
	{name: "size that is no number", fields: chunks, body: "zz\r\n" + hidden},
	{name: "size that is missing", fields: chunks, body: "\r\n" + hidden},
	{name: "negative size", fields: chunks, body: "-1\r\n" + hidden},
	{name: "signed size", fields: chunks, body: "+5\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "size in the C way", fields: chunks, body: "0x5\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "size with an underscore", fields: chunks, body: "1_0\r\n0123456789abcdef\r\n0\r\n\r\n" + hidden},
	{name: "size beyond 64 bits", fields: chunks, body: "fffffffffffffffff\r\n" + hidden},
	{name: "size of 64 bits", fields: chunks, body: "ffffffffffffffff\r\n" + hidden, cut: true},
	{name: "size beyond 63 bits", fields: chunks, body: "8000000000000005\r\nhello\r\n0\r\n\r\n" + hidden, cut: true},
	{name: "line of a size that never ends", fields: chunks, body: "5;" + long(5000) + "\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "line of a size ended by LF", fields: chunks, body: "5\nhello\r\n0\r\n\r\n" + hidden},
	{name: "line of a size ended by CR", fields: chunks, body: "5\rhello\r\n0\r\n\r\n" + hidden},
	{name: "extension with a LF", fields: chunks, body: "5;a\nhello\r\n0\r\n\r\n" + hidden},
	{name: "extension with a CR", fields: chunks, body: "5;a\rb\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "last chunk ended by LF", fields: chunks, body: "0\n\r\n" + hidden},
	{name: "last line ended by LF", fields: chunks, body: "5\r\nhello\r\n0\r\n\n" + hidden, own: either},
	{name: "last line that is missing", fields: chunks, body: "5\r\nhello\r\n0\r\n" + hidden, fate: either, own: either},
	{name: "more data than its chunk", fields: chunks, body: "5\r\nhello, world\r\n0\r\n\r\n" + hidden},
	{name: "less data than its chunk", fields: chunks, body: "a\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "data without its line break", fields: chunks, body: "5\r\nhello0\r\n\r\n" + hidden},
	{name: "data ended by LF", fields: chunks, body: "5\r\nhello\n0\r\n\r\n" + hidden},
	{name: "space before a size", fields: chunks, body: " 5\r\nhello\r\n0\r\n\r\n" + hidden},
	{name: "trailer that is no field", fields: chunks, body: "0\r\ngarbage\r\n\r\n" + hidden},
	{name: "trailer with a space before its colon", fields: chunks, body: "0\r\nX-A : b\r\n\r\n" + hidden, own: either},
	{name: "trailer that never ends", fields: chunks, body: "0\r\nX-A: " + long(9000) + "\r\n\r\n" + hidden},
	{name: "trailer with a length", fields: chunks, body: "0\r\nContent-Length: 64\r\n\r\n" + hidden, own: either},
	{name: "trailer with a coding", fields: chunks, body: "0\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden, own: either},
	{name: "malformed after a good chunk", fields: chunks, body: "5\r\nhello\r\nzz\r\n" + hidden},
	{name: "malformed and awaited", fields: chunks + "Expect: 100-continue\r\n", body: "zz\r\n" + hidden},

	// More than one way to find the end.
	{name: "length and chunks", fields: "Content-Length: 6\r\n" + chunks, body: "0\r\n\r\n" + hidden, own: either},
	{name: "chunks and length", fields: chunks + "Content-Length: 5\r\n", body: "0\r\n\r\n" + hidden, own: either},
	{name: "chunks and a length that agrees", fields: "content-length: 15\r\n" + chunks, body: whole, own: lasts},
	{name: "chunks, and length of nothing", fields: "Content-Length: 0\r\n" + chunks, body: whole, own: lasts},
	{name: "chunks in HTTP/1.0", version: "HTTP/1.0", fields: chunks, body: whole + hidden},
	{name: "chunks in HTTP/1.0, kept alive", version: "HTTP/1.0", fields: "Connection: keep-alive\r\n" + chunks, body: whole + hidden, own: either},
	{name: "chunks and length in HTTP/1.0, kept alive", version: "HTTP/1.0", fields: "Connection: keep-alive\r\nContent-Length: 15\r\n" + chunks, body: whole, own: lasts},
	{name: "two lengths", fields: "Content-Length: 0\r\nContent-Length: 64\r\n", body: hidden},
	{name: "two lengths that agree", fields: "Content-Length: 5\r\nContent-Length: 5\r\n", body: "hello", own: lasts},
	{name: "list of lengths", fields: "Content-Length: 5, 6\r\n", body: "hello" + hidden},
	{name: "list of lengths that agree", fields: "Content-Length: 5, 5\r\n", body: "hello" + hidden},
	{name: "signed length", fields: "Content-Length: +5\r\n", body: "hello" + hidden},
	{name: "negative length", fields: "Content-Length: -1\r\n", body: hidden},
	{name: "length in the C way", fields: "Content-Length: 0x5\r\n", body: "hello" + hidden},
	{name: "length that is empty", fields: "Content-Length: \r\n", body: hidden},
	{name: "length beyond 64 bits", fields: "Content-Length: 18446744073709551621\r\n", body: "hello" + hidden},
	{name: "length with a vertical tab", fields: "Content-Length: \x0b5\r\n", body: "hello" + hidden},
	{name: "length with a space before its colon", fields: "Content-Length : 5\r\n", body: "hello" + hidden},
	{name: "length on a folded line", fields: "Content-Length:\r\n 5\r\n", body: "hello", own: either},
	{name: "two codings", fields: chunks + chunks, body: whole + hidden},
	{name: "identity", fields: "Transfer-Encoding: identity\r\n", body: hidden},
	{name: "identity and length", fields: "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", body: "hello" + hidden},
	{name: "chunked, identity", fields: "Transfer-Encoding: chunked, identity\r\n", body: whole + hidden},
	{name: "gzip, chunked", fields: "Transfer-Encoding: gzip, chunked\r\n", body: whole + hidden},
	{name: "xchunked", fields: "Transfer-Encoding: xchunked\r\n", body: whole + hidden},
	{name: "chunked in quotes", fields: "Transfer-Encoding: \"chunked\"\r\n", body: whole + hidden},
	{name: "coding that is empty", fields: "Transfer-Encoding: \r\n", body: hidden},
	{name: "coding after a tab", fields: "Transfer-Encoding:\tchunked\r\n", body: whole, fate: lasts, own: lasts},
	{name: "coding after a vertical tab", fields: "Transfer-Encoding: \x0bchunked\r\n", body: whole + hidden},
	{name: "coding with a space before its colon", fields: "Transfer-Encoding : chunked\r\n", body: whole + hidden},
	{name: "coding on a folded line", fields: "Transfer-Encoding:\r\n chunked\r\n", body: whole, own: either},
	{name: "coding folded into another field", fields: "X-A: b\r\n Transfer-Encoding: chunked\r\n", body: hidden, own: either},
	{name: "coding by another name", fields: "Transfer_Encoding: chunked\r\n", body: hidden, fate: either, own: either},

	// Ends that come early: the other side hears nothing more.
	{name: "length cut short", fields: "Content-Length: 500\r\n", body: "hello", cut: true},
	{name: "chunks cut short", fields: chunks, body: "5\r\nhel", cut: true},
	{name: "no last chunk", fields: chunks, body: "5\r\nhello\r\n", cut: true},
	{name: "awaited, and not sent", fields: "Content-Length: 500\r\nExpect: 100-continue\r\n", cut: true},

	// Doors to other protocols.
	{name: "WebSocket with a length", method: "GET", fields: "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", body: "hello", fate: either, own: either},
	{name: "WebSocket with chunks", method: "GET", fields: "Connection: Upgrade\r\nUpgrade: websocket\r\n" + chunks, body: "zz\r\n" + hidden},
	{name: "upgrade to HTTP/2 with chunks", fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n" + chunks, body: "zz\r\n" + hidden},
}

func long(length int) string {
	text := make([]byte, length)
	for i := range text {
		text[i] = 'a'
	}
	return string(text)
}
