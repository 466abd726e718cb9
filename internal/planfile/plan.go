package planfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// plan reads one entry of the list.
func (r *reader) plan(node ast.Node) (plan admin.NewPlan) {
	faults := len(r.faults)
	var unlimited ast.Node
	r.members(node, `write a plan as "name: free" and below it its limits`, map[string]func(ast.Node){
		"name":      func(node ast.Node) { plan.Name = r.name(node) },
		"time_zone": func(node ast.Node) { plan.TimeZone = r.zone(node) },
		"limits":    func(node ast.Node) { plan.Limits = r.limits(node) },
		"unlimited": func(node ast.Node) { unlimited, plan.Unlimited = node, r.truth(node) },
	})
	if plan.Name == "" && len(r.faults) == faults {
		r.fault(start(node), "the plan has no name: write name: free")
	}
	if plan.Unlimited && len(plan.Limits) > 0 {
		r.fault(start(unlimited), "the plan has limits: leave unlimited out, or the limits")
	}
	return plan
}

func (r *reader) name(node ast.Node) string {
	name, ok := r.text(node)
	if !ok {
		return ""
	}
	if _, err := (ration.Plan{Name: name}).Normalize(); err != nil {
		r.fault(start(node), err.Error())
	} else if r.named[name] {
		r.fault(start(node), fmt.Sprintf("plan %q stands here a second time: name each plan once", name))
	}
	r.named[name] = true
	return name
}

func (r *reader) zone(node ast.Node) string {
	zone, ok := r.text(node)
	if ok {
		if _, err := (ration.Plan{Name: "plan", TimeZone: zone}).Normalize(); err != nil {
			r.fault(start(node), err.Error())
		}
	}
	return zone
}

func (r *reader) limits(node ast.Node) (limits []ration.Limit) {
	seen := make(map[ration.LimitKey]bool)
	for _, item := range r.list(node, `write limits as a list: [1000/day, "10/second burst 20"]`) {
		text, ok := r.text(item)
		if !ok {
			continue
		}
		limit, err := r.limit(text)
		switch {
		case err != nil:
			r.fault(start(item), err.Error())
			continue
		case seen[limit.Key()]:
			r.fault(start(item), fmt.Sprintf("the plan has a limit for %s already", admin.FormatLimitKey(limit.Key())))
		}
		seen[limit.Key()] = true
		limits = append(limits, limit)
	}
	return limits
}

// members calls the reader of each member of a mapping. A name that is unknown or
// there twice is a fault.
func (r *reader) members(node ast.Node, form string, known map[string]func(ast.Node)) {
	var values []*ast.MappingValueNode
	switch node := node.(type) {
	case *ast.MappingNode:
		values = node.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{node}
	default:
		r.fault(start(node), form)
		return
	}
	seen := make(map[string]bool)
	for _, value := range values {
		name := value.Key.GetToken().Value
		read := known[name]
		switch {
		case read == nil:
			names := make([]string, 0, len(known))
			for name := range known {
				names = append(names, name)
			}
			slices.Sort(names)
			r.fault(start(value.Key), fmt.Sprintf("%.64q is unknown here: use %s", name, strings.Join(names, ", ")))
		case seen[name]:
			r.fault(start(value.Key), name+" stands here a second time")
		default:
			seen[name] = true
			read(value.Value)
		}
	}
}

// list returns the items of a list, none of nothing.
func (r *reader) list(node ast.Node, form string) []ast.Node {
	switch node := node.(type) {
	case *ast.SequenceNode:
		return node.Values
	case *ast.NullNode:
		return nil
	}
	r.fault(start(node), form)
	return nil
}

// text returns a single value as it is written, so that a name may be a number.
func (r *reader) text(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	}
	r.fault(start(node), "write a text here, in quotes if it isn't read as one")
	return "", false
}

func (r *reader) truth(node ast.Node) bool {
	value, ok := node.(*ast.BoolNode)
	if !ok {
		r.fault(start(node), "write true or false")
		return false
	}
	return value.Value
}
