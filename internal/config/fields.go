package config

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// decodeFields reads a mapping into the struct that into points to, each field by
// itself: one that can't be read hides nothing that is wrong with the others. It
// returns the fields that can't be read, and why. The node has no aliases; see
// [withoutAliases].
func decodeFields(node ast.Node, into any) (unread []string, errs []error) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok { // the decoder says what it is
		if err := yaml.NodeToValue(node, into, yaml.Strict()); err != nil {
			return nil, []error{placeDecoding(err)}
		}
		return nil, nil
	}
	fields, names := fieldsOf(into)
	for _, entry := range mapping.Values {
		name := entry.Key.GetToken()
		field, known := fields[name.Value]
		if !known {
			nearest, err := unknownField(name.Value, names)
			unread, errs = append(unread, nearest), append(errs, &placedError{name, err})
			continue
		}
		if err := decodeField(entry.Value, field); err != nil {
			unread, errs = append(unread, name.Value), append(errs, placeDecoding(err))
		}
	}
	return unread, errs
}

// fieldsOf returns the fields of a struct by the names that a file has for them, and
// the names in their order.
func fieldsOf(into any) (fields map[string]reflect.Value, names []string) {
	fields = make(map[string]reflect.Value)
	for field, value := range reflect.ValueOf(into).Elem().Fields() {
		name := field.Tag.Get("yaml")
		fields[name], names = value, append(names, name)
	}
	return fields, names
}

// decodeField reads one field. One that is read later keeps its node.
func decodeField(node ast.Node, field reflect.Value) error {
	if _, nothing := node.(*ast.NullNode); nothing {
		return nil
	}
	if field.Type() == reflect.TypeFor[ast.Node]() {
		field.Set(reflect.ValueOf(node))
		return nil
	}
	return yaml.NodeToValue(node, field.Addr().Interface(), yaml.Strict())
}

// unknownField says which field was perhaps meant, and returns its name or "". It shows
// a name only if it could be meant as one.
func unknownField(name string, known []string) (nearest string, err error) {
	shown := `"…"`
	if likeName.MatchString(name) {
		shown = fmt.Sprintf("%q", name)
	}
	if nearest = Closest(name, known); nearest != "" {
		return nearest, fmt.Errorf("unknown field %s; did you mean %q?", shown, nearest)
	}
	return "", errors.New("unknown field " + shown)
}
