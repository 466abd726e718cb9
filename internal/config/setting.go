package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const variablePrefix = "RATION_"

// Setting is one row of the table of settings, for flags and the reference.
type Setting struct {
	Name    string // in the file
	Form    string // what a value looks like
	Default string // as text
	Doc     string
}

// Flag returns the setting's flag.
func (s Setting) Flag() string { return "--" + s.FlagName() }

// FlagName returns the setting's flag without the dashes.
func (s Setting) FlagName() string { return strings.ReplaceAll(s.Name, "_", "-") }

// Variable returns the setting's environment variable.
func (s Setting) Variable() string { return variablePrefix + strings.ToUpper(s.Name) }

// setting is a row of the table and how to read its value. A setting without
// set can only be in the file.
type setting struct {
	Setting
	kind   kind
	set    func(*Config, string) error
	decode func(*Config, ast.Node) error // file-only settings
	masked func(string) bool             // whether a value holds a secret; nil: never
}

// kind is what a value in the file must be.
type kind string

const (
	text    kind = "a text"
	integer kind = "a whole number"
	boolean kind = "true or false"
	list    kind = "a list of texts"
	words   kind = "a list of texts and whole numbers"
)

// Settings returns all settings that have a flag and a variable, in the order
// of the reference.
func Settings() []Setting { return rows(func(s *setting) bool { return s.set != nil }) }

// FileSettings returns the settings that only a file can give.
func FileSettings() []Setting { return rows(func(s *setting) bool { return s.set == nil }) }

func rows(keep func(*setting) bool) []Setting {
	var all []Setting
	for i := range settings {
		if keep(&settings[i]) {
			all = append(all, settings[i].Setting)
		}
	}
	return all
}

func (s *setting) secret(value string) bool { return s.masked != nil && s.masked(value) }

func find(name string) *setting {
	for i := range settings {
		if settings[i].Name == name {
			return &settings[i]
		}
	}
	return nil
}

func names() []string {
	all := make([]string, len(settings))
	for i := range settings {
		all[i] = settings[i].Name
	}
	return all
}
