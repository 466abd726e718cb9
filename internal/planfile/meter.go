package planfile

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// meters reads the list of meters with their units.
func (r *reader) meters(node ast.Node) (meters []admin.MeterUnit) {
	named := make(map[string]bool)
	for _, item := range r.list(node, `write meters as a list, each with its unit: "- {name: seconds, unit: 0.001}"`) {
		faults := len(r.faults)
		var meter admin.MeterUnit
		unit := false
		r.members(item, `write a meter as "name: seconds" and "unit: 0.001"`, map[string]func(ast.Node){
			"name": func(node ast.Node) { meter.Name = r.meterName(node, named) },
			"unit": func(node ast.Node) { meter.Unit, unit = r.unit(node), true },
		})
		if len(r.faults) == faults && (meter.Name == "" || !unit) {
			r.fault(start(item), "a meter needs a name and a unit: {name: seconds, unit: 0.001}")
		}
		meters = append(meters, meter)
	}
	return meters
}

func (r *reader) meterName(node ast.Node, named map[string]bool) string {
	name, ok := r.text(node)
	if !ok {
		return ""
	}
	if err := ration.ValidateMeter(name); err != nil {
		r.fault(start(node), err.Error())
	} else if named[name] {
		r.fault(start(node), fmt.Sprintf("meter %q stands here a second time: name each meter once", name))
	}
	named[name] = true
	return name
}

func (r *reader) unit(node ast.Node) ration.Unit {
	text, ok := r.text(node)
	if !ok {
		return 0
	}
	unit, err := ration.ParseUnit(text)
	if err != nil {
		r.fault(start(node), err.Error())
	}
	return unit
}
