package config

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/rewrite"
)

// decodeRewrite reads the values to set in answers, in the file's order.
func decodeRewrite(config *Config, node ast.Node) error {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		return invalid("", `give a mapping of JSON pointers to fields, such as "/quota/remaining: remaining"`)
	}
	body := new(rewrite.Body)
	for _, entry := range mapping.Values {
		field, ok := scalar(entry.Value, text)
		if !ok {
			return &placedError{start(entry.Value), invalid(field, "give a text")}
		}
		if err := body.Add(entry.Key.GetToken().Value, field); err != nil {
			at := entry.Key.GetToken()
			if fault, ok := errors.AsType[*ration.InvalidError](err); ok && fault.Field == "field" {
				at = start(entry.Value)
			}
			return &placedError{at, err}
		}
	}
	config.Rewrite = body
	return nil
}

// errorEntry is an error's template as the file has it.
type errorEntry struct {
	Status      int    `yaml:"status"`
	ContentType string `yaml:"content_type"`
	Body        string `yaml:"body"`
}

// decodeErrors reads the templates of errors.
func decodeErrors(config *Config, node ast.Node) error {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		return invalid("", "give a mapping of codes to status and body")
	}
	worded := new(rewrite.Errors)
	for _, entry := range mapping.Values {
		var given errorEntry
		if err := yaml.NodeToValue(entry.Value, &given, yaml.Strict()); err != nil {
			return placeDecoding(err)
		}
		code := entry.Key.GetToken().Value
		err := worded.Add(code, given.Status, given.ContentType, given.Body)
		if fault, ok := errors.AsType[*ration.InvalidError](err); ok {
			fault.Field = "errors." + code + "." + fault.Field
			return &placedError{entry.Key.GetToken(), fault}
		}
	}
	config.Errors = worded
	return nil
}
