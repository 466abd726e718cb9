package testdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
)

// message is one of PostgreSQL's protocol: a letter, four bytes of length and a
// body. The first of a session has no letter.
type message []byte

// headerLength is letter and length.
const headerLength = 5

// maxMessage is far more than a decision sends.
const maxMessage = 64 << 20

var errLength = errors.New("a message has an impossible length")

func readMessage(from io.Reader) (message, error) {
	letter := make([]byte, 1)
	if _, err := io.ReadFull(from, letter); err != nil {
		return nil, err
	}
	return readBody(from, letter)
}

func readBody(from io.Reader, begun []byte) (message, error) {
	length := make([]byte, 4)
	if _, err := io.ReadFull(from, length); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(length)
	if size < 4 || size > maxMessage {
		return nil, errLength
	}
	body := make([]byte, size-4)
	_, err := io.ReadFull(from, body)
	return append(append(begun, length...), body...), err
}

// parse returns what a Parse message prepares.
func (m message) parse() (name, sql string, ok bool) {
	if m[0] != 'P' {
		return "", "", false
	}
	rawName, rest, _ := bytes.Cut(m[headerLength:], []byte{0})
	rawSQL, _, _ := bytes.Cut(rest, []byte{0})
	return string(rawName), string(rawSQL), true
}

// runs reports whether a client's message makes the server run COMMIT, given
// which prepared statements are one.
func (m message) runs(commits map[string]bool) bool {
	switch m[0] {
	case 'B':
		_, rest, _ := bytes.Cut(m[headerLength:], []byte{0})
		name, _, _ := bytes.Cut(rest, []byte{0})
		return commits[string(name)]
	case 'Q':
		sql, _, _ := bytes.Cut(m[headerLength:], []byte{0})
		return isCommit(string(sql))
	}
	return false
}

func isCommit(sql string) bool { return strings.EqualFold(sql, "commit") }

// endsTrip reports whether the server answers at once after a client's message.
func (m message) endsTrip() bool { return m[0] == 'S' || m[0] == 'Q' }

// ready returns the status of the transaction that ends a server's answer: 'I'
// for none, 'T' for an open one, 'E' for a failed one.
func (m message) ready() (status byte, ok bool) {
	if m[0] != 'Z' || len(m) <= headerLength {
		return 0, false
	}
	return m[headerLength], true
}

// committed reports whether a server's message says that it has committed.
func (m message) committed() bool {
	return m[0] == 'C' && bytes.Equal(m[headerLength:], []byte("COMMIT\x00"))
}
