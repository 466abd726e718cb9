package rewrite

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Answers are an upstream's, so everything is read that common parsers read: bytes
// that are not UTF-8 and names that are there twice, too.
var (
	anyBytes = jsontext.AllowInvalidUTF8(true)
	anyNames = jsontext.AllowDuplicateNames(true)
)

// reader reads a JSON text where it is, without a copy.
type reader struct {
	source bytes.Buffer
	tokens jsontext.Decoder
}

// readers are used again: a new one allocates its stack of names.
var readers = sync.Pool{New: func() any { return new(reader) }}

// locate returns the places of a tree's nodes in a text, in no order: where they
// are, and where those that are missing would be. A text that isn't one JSON value
// and nothing else has none.
func locate(text []byte, tree *node) []place {
	r := readers.Get().(*reader)
	defer r.giveBack()
	r.source = *bytes.NewBuffer(text)
	r.tokens.Reset(&r.source, anyBytes, anyNames)
	places, err := r.value(tree)
	if err != nil {
		return nil
	}
	if _, err := r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return nil
	}
	return places
}

func (r *reader) giveBack() {
	r.source = bytes.Buffer{}
	r.tokens.Reset(&r.source)
	readers.Put(r)
}

// value reads the value of a node. Null is as good as nothing.
func (r *reader) value(n *node) ([]place, error) {
	kind := r.tokens.PeekKind()
	if len(n.below) > 0 && kind == jsontext.KindBeginObject {
		return r.object(n)
	}
	if len(n.below) > 0 && kind == jsontext.KindBeginArray {
		return r.array(n)
	}
	value, err := r.tokens.ReadValue()
	if err != nil || len(n.below) > 0 && kind != jsontext.KindNull {
		return nil, err
	}
	end := r.offset()
	return []place{{from: end - len(value), to: end, value: n}}, nil
}

// object reads an object. Of members with one name it takes the last, which is the
// one that common parsers read.
func (r *reader) object(n *node) ([]place, error) {
	if _, err := r.tokens.ReadToken(); err != nil {
		return nil, err
	}
	found := make(map[*node][]place)
	end, first := r.offset(), true
	for r.tokens.PeekKind() != jsontext.KindEndObject {
		name, err := r.tokens.ReadToken()
		if err != nil {
			return nil, err
		}
		if child := n.child(name.String()); child != nil {
			found[child], err = r.value(child)
		} else {
			_, err = r.tokens.ReadValue()
		}
		if err != nil {
			return nil, err
		}
		end, first = r.offset(), false
	}
	_, err := r.tokens.ReadToken()
	return n.collect(found, place{from: end, to: end, follow: !first}), err
}

// array reads an array. No element is made that it doesn't have.
func (r *reader) array(n *node) ([]place, error) {
	if _, err := r.tokens.ReadToken(); err != nil {
		return nil, err
	}
	var places []place
	wanted := n.positions()
	for i := 0; r.tokens.PeekKind() != jsontext.KindEndArray; i++ {
		var within []place
		var err error
		if child := wanted[i]; child != nil {
			within, err = r.value(child)
		} else {
			_, err = r.tokens.ReadValue()
		}
		if err != nil {
			return nil, err
		}
		places = append(places, within...)
	}
	_, err := r.tokens.ReadToken()
	return places, err
}

// offset returns where the token or value that was read last ends.
func (r *reader) offset() int { return int(r.tokens.InputOffset()) }
