package config

import (
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// withoutAliases puts the nodes that anchors (&x) name in place of their aliases (*x
// and <<: *x), so that each part of a value can be read by itself. Both must be within
// the value. What an alias that names nothing stands for stays unread.
func withoutAliases(node ast.Node) ast.Node {
	r := resolver{anchors: make(map[string]ast.Node), seen: make(map[ast.Node]bool)}
	return r.resolve(node)
}

type resolver struct {
	anchors map[string]ast.Node
	seen    map[ast.Node]bool // nodes whose parts are resolved, or being resolved
}

func (r *resolver) resolve(node ast.Node) ast.Node {
	switch node := node.(type) {
	case *ast.AnchorNode:
		value := r.resolve(node.Value)
		r.anchors[node.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		if named, found := r.anchors[node.Value.GetToken().Value]; found {
			return named
		}
	case *ast.MappingNode:
		r.resolveMapping(node)
	case *ast.SequenceNode:
		if r.begin(node) {
			for i := range node.Values {
				node.Values[i] = r.resolve(node.Values[i])
			}
		}
	}
	return node
}

// begin reports whether a node's parts are still to be resolved.
func (r *resolver) begin(node ast.Node) bool {
	done := r.seen[node]
	r.seen[node] = true
	return !done
}

// resolveMapping also merges: of a name that the mapping has itself, its own value counts.
func (r *resolver) resolveMapping(mapping *ast.MappingNode) {
	if !r.begin(mapping) {
		return
	}
	var merged []*ast.MappingValueNode
	own := slices.DeleteFunc(slices.Clone(mapping.Values), func(entry *ast.MappingValueNode) bool {
		entry.Value = r.resolve(entry.Value)
		other, isMapping := entry.Value.(*ast.MappingNode)
		_, merges := entry.Key.(*ast.MergeKeyNode)
		if merges && isMapping {
			merged = append(merged, other.Values...)
		}
		return merges && isMapping
	})
	for _, entry := range merged {
		name := entry.Key.GetToken().Value
		if !slices.ContainsFunc(own, func(o *ast.MappingValueNode) bool { return o.Key.GetToken().Value == name }) {
			own = append(own, entry)
		}
	}
	mapping.Values = own
}
