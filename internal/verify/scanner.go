package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner walks over a JSON document that is known to be valid, without
// reflection: the body of a question is small, flat and on the hottest path.
type scanner struct {
	body []byte
	at   int
}

// newScanner checks that body is one JSON value in UTF-8 and nothing else.
func newScanner(body []byte) (*scanner, error) {
	if !utf8.Valid(body) { // encoding/json would read it as another text
		return nil, invalidBody("", "it is not UTF-8")
	}
	if !json.Valid(body) {
		return nil, invalidBody("", syntaxFault(body))
	}
	s := &scanner{body: body}
	s.space()
	return s, nil
}

// syntaxFault says where a document stops being JSON.
func syntaxFault(body []byte) string {
	err := json.Unmarshal(body, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("it is not valid JSON from offset %d on", syntax.Offset)
	}
	return "it is not valid JSON"
}

// object calls member for every member of the object that comes next. member
// must read the value.
func (s *scanner) object(pointer string, member func(name string, s *scanner) error) error {
	if s.body[s.at] != '{' {
		return invalidBody(pointer, "use an object")
	}
	s.at++
	var seen [8]string
	names := seen[:0]
	for s.space(); s.body[s.at] != '}'; s.space() {
		if s.body[s.at] == ',' {
			s.at++
			s.space()
		}
		name := unquote(s.raw())
		if slices.Contains(names, name) {
			return invalidBody(pointer+"/"+escapePointer(name), "it is there twice")
		}
		names = append(names, name)
		s.space()
		s.at++ // the colon
		s.space()
		if err := member(name, s); err != nil {
			return err
		}
	}
	s.at++
	return nil
}

// text reads a string; null is the empty one.
func (s *scanner) text(pointer string) (string, error) {
	if s.null() {
		return "", nil
	}
	if s.body[s.at] != '"' {
		return "", invalidBody(pointer, "use a string")
	}
	return unquote(s.raw()), nil
}

// boolean reads true or false; null is false.
func (s *scanner) boolean(pointer string) (bool, error) {
	if s.null() {
		return false, nil
	}
	switch string(s.raw()) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, invalidBody(pointer, "use true or false")
}

// whole reads a whole number that is not negative. Whatever else comes is not ok.
func (s *scanner) whole() (number int64, ok bool) {
	literal := s.raw()
	number, err := strconv.ParseInt(string(literal), 10, 64)
	return number, err == nil && literal[0] != '-'
}

// null reads null, if that is what comes next.
func (s *scanner) null() bool {
	if s.body[s.at] != 'n' {
		return false
	}
	s.at += len("null")
	return true
}

// raw reads a string with its quotes, or a number, true, false or null. Of an
// array or object it reads no more than the bracket.
func (s *scanner) raw() []byte {
	start := s.at
	if s.body[s.at] != '"' {
		for s.at++; s.at < len(s.body) && strings.IndexByte(" \t\r\n,:]}", s.body[s.at]) < 0; {
			s.at++
		}
		return s.body[start:s.at]
	}
	for s.at++; s.body[s.at] != '"'; s.at++ {
		if s.body[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
	return s.body[start:s.at]
}

func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// unquote returns what a valid JSON string stands for.
func unquote(literal []byte) string {
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1])
	}
	var text string
	_ = json.Unmarshal(literal, &text) // the document is valid
	return text
}
