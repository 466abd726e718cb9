package framing

import (
	"bytes"
	"strconv"
	"strings"
)

// maxLine is how much of a line is kept, in bytes: more than any field that frames a
// body, or size of a chunk, has need of.
const maxLine = 64

// part is what a scanner is in the midst of.
type part int

const (
	head    part = iota // request line and fields
	sized               // a body, or a chunk with the line break after it
	size                // the line with a chunk's size
	trailer             // fields after the last chunk
	unknown             // nothing that it follows any more
)

// scanner follows the requests that pass on a connection, whatever pieces they come in.
type scanner struct {
	part    part
	line    []byte // of which the end has not come, as far as it is kept
	longer  bool   // than what is kept
	last    byte   // of the line
	left    int64  // bytes of the part, if sized
	chunked bool   // the part is a chunk
	started bool   // the head has its first line

	lengths, codings int   // fields of this request's head that say where its body ends
	length           int64 // and what they say

	coded    bool // some request had Transfer-Encoding
	doubtful bool // of some request it is in doubt where it ends
}

// write goes on with what comes next.
func (s *scanner) write(piece []byte) {
	for len(piece) > 0 && s.part != unknown {
		if s.part == sized {
			piece = piece[s.skip(len(piece)):]
			continue
		}
		end := bytes.IndexByte(piece, '\n')
		if end < 0 {
			s.keep(piece)
			return
		}
		s.keep(piece[:end])
		piece = piece[end+1:]
		s.endLine()
	}
}

// skip passes over what a body has of the next bytes.
func (s *scanner) skip(have int) int {
	n := int(min(s.left, int64(have)))
	if s.left -= int64(n); s.left == 0 {
		s.part = head
		if s.chunked {
			s.part = size
		}
	}
	return n
}

func (s *scanner) keep(piece []byte) {
	if len(piece) > 0 {
		s.last = piece[len(piece)-1]
	}
	room := maxLine - len(s.line)
	if len(piece) > room {
		piece, s.longer = piece[:room], true
	}
	s.line = append(s.line, piece...)
}

func (s *scanner) endLine() {
	line, longer, last := strings.TrimSuffix(string(s.line), "\r"), s.longer, s.last
	s.line, s.longer, s.last = s.line[:0], false, 0
	switch {
	case last != '\r': // some take this for the end of a line, and some don't
		s.doubt()
	case s.part == size:
		s.beginChunk(line)
	case line != "" && s.part == head && !s.started:
		s.started = true
	case line != "":
		s.field(line, longer)
	case s.part == trailer:
		s.part, s.started = head, false
	case s.started: // an empty line before a request is no head
		s.endHead()
	}
}

// field notes one that says where a body ends.
func (s *scanner) field(line string, longer bool) {
	name, value, _ := strings.Cut(line, ":")
	switch {
	case strings.ContainsAny(name, " \t"): // goes on with the line before, or is no field
		s.doubt()
	case strings.EqualFold(name, "content-length"):
		s.lengths++
		s.setLength(strings.Trim(value, " \t"))
	case strings.EqualFold(name, "transfer-encoding"):
		s.codings++
		s.coded = true
		if longer || !strings.EqualFold(strings.Trim(value, " \t"), "chunked") {
			s.doubt()
		}
	default:
		return
	}
	if s.part == trailer {
		s.doubt()
	}
}

func (s *scanner) setLength(value string) {
	length, err := strconv.ParseUint(value, 10, 63)
	if err != nil {
		s.doubt()
		return
	}
	s.length = int64(length)
}

// endHead begins the body.
func (s *scanner) endHead() {
	switch {
	case s.codings+s.lengths > 1:
		s.doubt()
	case s.codings == 1:
		s.part, s.chunked = size, true
	case s.length > 0:
		s.part, s.left, s.chunked = sized, s.length, false
	}
	s.started, s.lengths, s.codings, s.length = false, 0, 0, 0
}

// beginChunk reads a chunk's size. What follows it on the line means nothing to us
// (RFC 9112, section 7.1.1).
func (s *scanner) beginChunk(line string) {
	digits, _, _ := strings.Cut(line, ";")
	length, err := strconv.ParseUint(strings.TrimRight(digits, " \t"), 16, 62)
	switch {
	case err != nil:
		s.doubt()
	case length == 0:
		s.part = trailer
	default:
		s.part, s.left, s.chunked = sized, int64(length)+2, true
	}
}

// doubt ends the following.
func (s *scanner) doubt() {
	s.part, s.doubtful, s.line = unknown, true, nil
}
