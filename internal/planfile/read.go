package planfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// ParseLimit reads a limit as the --limit of a plan has it.
type ParseLimit func(text string) (ration.Limit, error)

// Fault is what is wrong with a file, and where.
type Fault struct {
	Line, Column int // from 1; 0: the whole file
	Reason       string
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.Reason
	}
	return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Reason)
}

// File is what a file says.
type File struct {
	Meters []admin.MeterUnit
	Plans  []admin.NewPlan
}

// Read returns what a file says. It reports all faults, each a [Fault], joined.
func Read(content []byte, limit ParseLimit) (File, error) {
	file, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey()) // which members reports
	if err != nil {
		return File{}, syntaxFault(err)
	}
	r := reader{limit: limit, named: make(map[string]bool)}
	read := r.file(file)
	slices.SortStableFunc(r.faults, func(a, b *Fault) int { return cmp.Compare(a.Line, b.Line) })
	faults := make([]error, len(r.faults))
	for i, fault := range r.faults {
		faults[i] = fault
	}
	return read, errors.Join(faults...)
}

func syntaxFault(err error) error {
	if fault, ok := errors.AsType[yaml.Error](err); ok && fault.GetToken() != nil {
		at := fault.GetToken().Position
		return &Fault{at.Line, at.Column, "this is not YAML: " + fault.GetMessage()}
	}
	return &Fault{Reason: "this is not YAML"}
}

// form is what a file looks like.
const form = `write "plans:" and below it a list of plans, each with a name: "- name: free"`

// reader collects the plans and the faults of a file.
type reader struct {
	limit  ParseLimit
	named  map[string]bool
	faults []*Fault
}

func (r *reader) fault(at *token.Token, reason string) {
	r.faults = append(r.faults, &Fault{at.Position.Line, at.Position.Column, reason})
}

func (r *reader) file(file *ast.File) (read File) {
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) == 0 {
		r.faults = append(r.faults, &Fault{Reason: "the file is empty: " + form})
		return read
	}
	if len(bodies) > 1 {
		r.fault(start(bodies[1]), "a second document begins here: write all plans into one")
	}
	found := false
	r.members(bodies[0], form, map[string]func(ast.Node){
		"meters": func(node ast.Node) { read.Meters, found = r.meters(node), true },
		"plans": func(node ast.Node) {
			found = true
			for _, item := range r.list(node, form) {
				read.Plans = append(read.Plans, r.plan(item))
			}
		},
	})
	if !found && len(r.faults) == 0 {
		r.fault(start(bodies[0]), form)
	}
	return read
}

// start is the first token of a node: of a mapping its first key, not the colon.
func start(node ast.Node) *token.Token {
	switch node := node.(type) {
	case *ast.MappingNode:
		if len(node.Values) > 0 {
			return start(node.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return start(node.Key)
	}
	return node.GetToken()
}
