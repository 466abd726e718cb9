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
func ReadMapping(r io.Reader) (Mapping, error) {
	text, err := readText(r)
	if err != nil {
		return Mapping{}, err
	}
	var mapping Mapping
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&mapping)
	if errors.Is(err, io.EOF) {
		return Mapping{}, errors.New("the mapping is empty")
	}
	if fault, ok := errors.AsType[yaml.Error](err); ok {
		at := fault.GetToken().Position
		return Mapping{}, fmt.Errorf("%d:%d: %s", at.Line, at.Column, fault.GetMessage())
	}
	return mapping, err
}
