package keyimport

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
)

// ReadMapping reads a mapping as people write it, in YAML:
//
//	secret: key                 # or $key: the names of a JSON object's entries
//	secret_form: plain          # or sha256
//	name: name
//	owner: email
//	created_at: created_at
//	scopes:
//	  can_change_model: change-model
//	status:
//	  columns: [approved, is_active]
//	  rules:
//	    - {values: [1, 1], status: active}
//
// What the mapping says is checked when it meets a table. Errors name line and column.
func ReadMapping(r io.Reader) (Mapping, error) { return readMapping[Mapping](r) }

// ReadUsageMapping reads the mapping of a table of counts, in the same way:
//
//	key: api_key
//	date: day
//	request_count: requests
//	last_request_at: seen_at
//	meter: kind
func ReadUsageMapping(r io.Reader) (UsageMapping, error) { return readMapping[UsageMapping](r) }

func readMapping[T any](r io.Reader) (mapping T, err error) {
	text, err := readText(r)
	if err != nil {
		return mapping, err
	}
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&mapping)
	if errors.Is(err, io.EOF) {
		return mapping, errors.New("the mapping is empty")
	}
	if fault, ok := errors.AsType[yaml.Error](err); ok {
		at := fault.GetToken().Position
		return mapping, fmt.Errorf("%d:%d: %s", at.Line, at.Column, fault.GetMessage())
	}
	return mapping, err
}
