package config

import (
	"errors"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

// reserveEntry is how long a route's reservations hold, as the file has it.
type reserveEntry struct {
	TTL      string `yaml:"ttl"`
	AtExpiry string `yaml:"at_expiry"`
}

// reportEntry is where an answer tells what was used of a meter.
type reportEntry struct {
	Header string `yaml:"header"`
	JSON   string `yaml:"json"`
	SSE    string `yaml:"sse"`
}

// reserve returns what an entry says of reservations; nil: nothing.
func (e *routeEntry) reserve() (*route.Reserve, error) {
	if e.Reserve == nil && e.Settle == nil {
		return nil, nil //nolint:nilnil // to say nothing is valid
	}
	var hold reserveEntry
	errs := decodePart(e.Reserve, &hold)
	reserve := &route.Reserve{AtExpiry: ration.AtExpiry(hold.AtExpiry), Reports: map[string]route.Report{}}
	if hold.TTL != "" {
		ttl, err := parseDuration(hold.TTL, time.Second, ration.MaxReservationTTL)
		if err != nil {
			errs = append(errs, &placedError{start(e.Reserve), within("routes reserve.ttl", err)})
		}
		reserve.TTL = ttl
	}
	reports, faults := decodeReports(e.Settle)
	for meter, report := range reports {
		reserve.Reports[meter] = route.Report(report)
	}
	return reserve, errors.Join(append(errs, faults...)...)
}

// decodeReports reads where an answer tells what was used, by meter.
func decodeReports(node ast.Node) (map[string]reportEntry, []error) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		var none map[string]reportEntry
		return nil, decodePart(node, &none)
	}
	reports := make(map[string]reportEntry)
	var errs []error
	for _, entry := range mapping.Values {
		var report reportEntry
		errs = append(errs, decodePart(entry.Value, &report)...)
		reports[entry.Key.GetToken().Value] = report
	}
	return reports, errs
}

// decodePart reads a part of a setting; nothing leaves value as it is.
func decodePart(node ast.Node, value any) []error {
	if node == nil {
		return nil
	}
	_, errs := decodeFields(node, value)
	return errs
}

// within names the field that an error of a value is about.
func within(field string, err error) error {
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return &ration.InvalidError{Field: field, Value: invalid.Value, Reason: invalid.Reason}
	}
	return err
}
