package config

import (
	"errors"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/rewrite"
)

// decodeRewrite reads the values to set in answers, in the file's order.
func decodeRewrite(config *Config, node ast.Node) error {
	mapping, ok := withoutAliases(node).(*ast.MappingNode)
	if !ok {
		return invalid("", `give a mapping of JSON pointers to fields, such as "/quota/remaining: remaining"`)
	}
	body := new(rewrite.Body)
	var errs []error
	for _, entry := range mapping.Values {
		field, ok := scalar(entry.Value, text)
		if !ok {
			errs = append(errs, &placedError{start(entry.Value), invalid(field, "give a text")})
			continue
		}
		for _, err := range partsOf(body.Add(entry.Key.GetToken().Value, field)) {
			at := entry.Key.GetToken()
			if fault, ok := errors.AsType[*ration.InvalidError](err); ok && fault.Field == "field" {
				at = start(entry.Value)
			}
			errs = append(errs, &placedError{at, err})
		}
	}
	config.Rewrite = body
	return errors.Join(errs...)
}

// errorEntry is an error's template as the file has it.
type errorEntry struct {
	Status      int    `yaml:"status"`
	ContentType string `yaml:"content_type"`
	Body        string `yaml:"body"`
}

// decodeErrors reads the templates of errors.
func decodeErrors(config *Config, node ast.Node) error {
	mapping, ok := withoutAliases(node).(*ast.MappingNode)
	if !ok {
		return invalid("", "give a mapping of codes to status and body")
	}
	worded := new(rewrite.Errors)
	var errs []error
	for _, entry := range mapping.Values {
		errs = append(errs, addError(worded, entry)...)
	}
	config.Errors = worded
	return inOrder(errs)
}

// addError adds the template of one code.
func addError(worded *rewrite.Errors, entry *ast.MappingValueNode) []error {
	var given errorEntry
	unread, errs := decodeFields(entry.Value, &given)
	code := entry.Key.GetToken()
	for _, err := range partsOf(worded.Add(code.Value, given.Status, given.ContentType, given.Body)) {
		fault, ok := errors.AsType[*ration.InvalidError](err)
		if !ok || slices.Contains(unread, fault.Field) {
			continue
		}
		errs = append(errs, &placedError{code, &ration.InvalidError{Field: "errors." + code.Value + "." + fault.Field, Value: fault.Value, Reason: fault.Reason}})
	}
	return errs
}
