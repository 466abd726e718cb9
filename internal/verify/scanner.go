package verify

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ration-dev/ration/internal/numeral"
)

// lenient lets half of a surrogate pair through, as U+FFFD, as it always was.
// Whether the body is UTF-8 has been seen by then.
var lenient = jsontext.AllowInvalidUTF8(true)

// scanner reads a JSON document token by token, without reflection: the body of a
// question is small, flat and on the hottest path.
type scanner struct {
	source bytes.Buffer
	tokens jsontext.Decoder
}

// scanners are used again: a new one allocates its stack of names.
var scanners = sync.Pool{New: func() any { return new(scanner) }}

// scan checks that body is one JSON object in UTF-8 and nothing else, and calls member
// for every member, which must read the value. A fault of syntax is said before any
// other, so what member has got counts only without an error. The body is read where
// it is, so that no copy of a secret is left.
func scan(body []byte, member func(name string, s *scanner) error) error {
	if !utf8.Valid(body) {
		return invalidBody("", "it is not UTF-8")
	}
	s := scanners.Get().(*scanner)
	defer s.giveBack()
	s.source = *bytes.NewBuffer(body)
	s.tokens.Reset(&s.source, lenient)
	err := s.object("", member)
	if err == nil {
		if _, more := s.tokens.ReadToken(); errors.Is(more, io.EOF) {
			return nil
		}
	}
	if !jsontext.Value(body).IsValid(lenient, jsontext.AllowDuplicateNames(true)) {
		return invalidBody("", syntaxFault(body))
	}
	return err
}

func (s *scanner) giveBack() {
	s.source = bytes.Buffer{}
	s.tokens.Reset(&s.source)
	scanners.Put(s)
}

// syntaxFault says where a document stops being JSON.
func syntaxFault(body []byte) string {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(body), lenient, jsontext.AllowDuplicateNames(true))
	_, err := decoder.ReadValue()
	offset := decoder.InputOffset() // where what follows the value begins
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		offset = syntax.ByteOffset
	}
	return fmt.Sprintf("it is not valid JSON from offset %d on", offset)
}

// object calls member for every member of the object that comes next. member
// must read the value.
func (s *scanner) object(pointer string, member func(name string, s *scanner) error) error {
	if s.tokens.PeekKind() != jsontext.KindBeginObject {
		return invalidBody(pointer, "use an object")
	}
	s.read()
	for s.tokens.PeekKind() != jsontext.KindEndObject {
		name, err := s.tokens.ReadToken()
		if err != nil {
			return nameFault(err)
		}
		if err := member(name.String(), s); err != nil {
			return err
		}
	}
	s.read()
	return nil
}

// nameFault says which name the object has had already. Another fault is one of
// syntax, which scan says in its place.
func nameFault(err error) error {
	var at jsontext.Pointer
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = syntax.JSONPointer
	}
	return invalidBody(string(at), "it is there twice")
}

// text reads a string; null is the empty one.
func (s *scanner) text(pointer string) (string, error) {
	switch s.tokens.PeekKind() {
	case jsontext.KindNull:
		s.read()
		return "", nil
	case jsontext.KindString:
		return s.read().String(), nil
	}
	return "", invalidBody(pointer, "use a string")
}

// boolean reads true or false; null is false.
func (s *scanner) boolean(pointer string) (bool, error) {
	switch kind := s.tokens.PeekKind(); kind {
	case jsontext.KindNull, jsontext.KindTrue, jsontext.KindFalse:
		s.read()
		return kind == jsontext.KindTrue, nil
	}
	return false, invalidBody(pointer, "use true or false")
}

// number reads a number; errors are those of [numeral.Parse].
func (s *scanner) number() (numeral.Number, error) {
	if s.tokens.PeekKind() != jsontext.KindNumber {
		return numeral.Number{}, numeral.ErrSyntax
	}
	return numeral.Parse(s.read().String())
}

// null reads null, if that is what comes next.
func (s *scanner) null() bool {
	if s.tokens.PeekKind() != jsontext.KindNull {
		return false
	}
	s.read()
	return true
}

// read reads a token that has been seen to begin. If its syntax is wrong, nothing more
// can be read.
func (s *scanner) read() jsontext.Token {
	token, _ := s.tokens.ReadToken()
	return token
}
