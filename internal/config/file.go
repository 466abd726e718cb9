package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/inputfile"
)

// maxFileSize bounds what is read of a configuration file.
const maxFileSize = 1 << 20

// fileValue is a value in the file of a path.
type fileValue struct {
	path string
	node ast.Node
}

func (v fileValue) where() string { return at(v.path, start(v.node)) }

// whereOf says where an error of the value is: in a part of it, if that is known.
func (v fileValue) whereOf(err error) string {
	if placed, ok := errors.AsType[*placedError](err); ok {
		return at(v.path, placed.at)
	}
	return v.where()
}

// readFile reads the settings that a file gives, by name; none if path is empty.
func readFile(path string) (map[string]fileValue, []*Error) {
	if path == "" {
		return nil, nil
	}
	content, err := readContent(path)
	if err != nil {
		return nil, []*Error{{path, reasonOf(err)}}
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")) // some editors put it before UTF-8
	if fault := checkUTF8(path, content); fault != nil {
		return nil, []*Error{fault}
	}
	document, err := parser.ParseBytes(content, 0)
	if err != nil {
		return nil, []*Error{syntaxFault(path, err)}
	}
	return topLevel(path, document)
}

func readContent(path string) ([]byte, error) {
	return inputfile.Read(path, maxFileSize)
}

// checkUTF8 says where a file is in another encoding.
func checkUTF8(path string, content []byte) *Error {
	if bytes.HasPrefix(content, []byte("\xff\xfe")) || bytes.HasPrefix(content, []byte("\xfe\xff")) {
		return &Error{path, "the file is UTF-16; save it as UTF-8"}
	}
	number := 0
	for line := range bytes.Lines(content) {
		if number++; !utf8.Valid(line) {
			return &Error{fmt.Sprintf("%s:%d:1", path, number), "this line is not UTF-8; save the file as UTF-8"}
		}
	}
	return nil
}

// topLevel takes the document apart into settings.
func topLevel(path string, document *ast.File) (map[string]fileValue, []*Error) {
	values := make(map[string]fileValue)
	var faults []*Error
	for i, doc := range document.Docs {
		if doc.Body == nil {
			continue
		}
		mapping, ok := doc.Body.(*ast.MappingNode)
		if !ok || i > 0 {
			return nil, []*Error{{at(path, start(doc.Body)), `write one document of "setting: value" lines`}}
		}
		for _, entry := range mapping.Values {
			name := entry.Key.GetToken().Value
			if _, plain := entry.Key.(*ast.StringNode); !plain || find(name) == nil {
				faults = append(faults, &Error{at(path, entry.Key.GetToken()), unknownInFile(name)})
				continue
			}
			values[name] = fileValue{path: path, node: entry.Value}
		}
	}
	return values, faults
}

// setFromFile sets a value after looking at its type: "10" in quotes is no
// number, and an unquoted number no text.
func (s *setting) setFromFile(config *Config, value fileValue) error {
	if s.decode != nil {
		return s.decode(config, value.node)
	}
	if s.kind == list || s.kind == words {
		texts, err := items(value.node, s.kind)
		if err != nil {
			return err
		}
		return placeItems(value.node, s.set(config, strings.Join(texts, ",")), nil)
	}
	written, ok := scalar(value.node, s.kind)
	if _, whole := value.node.(*ast.IntegerNode); whole && s.Form == formDuration {
		return invalid(written, `use a time such as "`+written+`s"`)
	}
	if _, whole := value.node.(*ast.IntegerNode); whole && s.Form == formAddress {
		return s.set(config, written) // which says what an address looks like
	}
	if !ok {
		return invalid(written, "give "+string(s.kind))
	}
	return s.set(config, written)
}

// secretsIn returns the names of the settings whose values are secrets.
func secretsIn(file map[string]fileValue) (secrets []string) {
	for i := range settings {
		value, given := file[settings[i].Name]
		if !given {
			continue
		}
		if written, _ := scalar(value.node, text); settings[i].secret(written) {
			secrets = append(secrets, settings[i].Name)
		}
	}
	return secrets
}

// items returns a list's values as written.
func items(node ast.Node, of kind) ([]string, error) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, &placedError{start(node), invalid("", "give a list: one item per line, each after a dash")}
	}
	texts := make([]string, len(sequence.Values))
	var errs []error
	for i, item := range sequence.Values {
		written, isText := scalar(item, text)
		_, isNumber := scalar(item, integer)
		if !isText && (of != words || !isNumber) {
			errs = append(errs, &placedError{start(item), invalid("", "give "+string(of))})
		}
		texts[i] = written
	}
	return texts, errors.Join(errs...)
}

// placeItems places errors at the items of a list that they are about: those that they
// show. Reword, if it isn't nil, changes each.
func placeItems(list ast.Node, err error, reword func(error) error) error {
	var placed []error
	for _, part := range partsOf(err) {
		at := start(list)
		fault, isInvalid := errors.AsType[*ration.InvalidError](part)
		if sequence, ok := list.(*ast.SequenceNode); ok && isInvalid {
			for _, item := range sequence.Values {
				if item.GetToken().Value == fault.Value {
					at = start(item)
				}
			}
		}
		if reword != nil {
			part = reword(part)
		}
		placed = append(placed, &placedError{at, part})
	}
	return errors.Join(placed...)
}

// scalar returns a single value as written, and whether it is of the kind.
func scalar(node ast.Node, want kind) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, want == text
	case *ast.IntegerNode:
		return node.GetToken().Value, want == integer
	case *ast.BoolNode:
		return node.GetToken().Value, want == boolean
	case *ast.FloatNode:
		return node.GetToken().Value, false
	case *ast.NullNode:
		return "", false
	}
	return node.Type().String(), false
}

// decodeUpstreamHeaders reads names and values of headers. No error shows a value.
func decodeUpstreamHeaders(config *Config, node ast.Node) error {
	mapping, ok := withoutAliases(node).(*ast.MappingNode)
	if !ok {
		return invalid("", `give a mapping of header names to texts; write numbers in quotes`)
	}
	config.UpstreamHeaders = make(map[string]string)
	var errs []error
	for _, entry := range mapping.Values {
		name := entry.Key.GetToken()
		var value string
		isText := false
		switch written := entry.Value.(type) {
		case *ast.StringNode:
			value, isText = written.Value, true
		case *ast.LiteralNode:
			value, isText = written.Value.Value, true
		}
		switch {
		case !isToken(name.Value):
			errs = append(errs, &placedError{name, invalid(name.Value, `use the name of a header, such as "X-Internal-Token"`)})
		case !isText:
			errs = append(errs, &placedError{name, invalid("", "the value of "+name.Value+" is no text; write numbers in quotes")})
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			errs = append(errs, &placedError{name, invalid("", "the value of "+name.Value+" has a control character or a line break")})
		}
		config.UpstreamHeaders[name.Value] = value
	}
	return errors.Join(errs...)
}

// syntaxFault leaves out the lines that the parser's own text shows: they may
// hold a secret.
func syntaxFault(path string, err error) *Error {
	fault, ok := errors.AsType[yaml.Error](err)
	if !ok {
		return &Error{path, "this is not YAML"}
	}
	return &Error{at(path, fault.GetToken()), plainly(withoutContent(fault.GetMessage()))}
}

// plainly says what most often is behind a message of the parser: the indentation.
func plainly(message string) string {
	switch {
	case strings.Contains(message, "cannot start any token") && strings.Contains(message, "\t"):
		return "a tab stands here; indent with spaces, as YAML has it"
	case strings.Contains(message, "tab character"):
		return "a tab stands here; YAML begins lines with spaces alone"
	case strings.Contains(message, "unexpected key name"):
		return message + "; check that a space follows the colon of this line and the one before, and that both begin in the same column as their neighbours"
	case strings.Contains(message, "not allowed in this context"), strings.Contains(message, "non-map value"):
		return message + "; check that this line and the next begin in the same column as their neighbours"
	}
	return message
}

func at(path string, where *token.Token) string {
	if where == nil || where.Position == nil {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, where.Position.Line, where.Position.Column)
}

// reasonOf leaves out the path that the error repeats.
func reasonOf(err error) string {
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		return fault.Err.Error()
	}
	return err.Error()
}
