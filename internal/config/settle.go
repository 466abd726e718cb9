package config

import (
	"errors"
	"time"

	"github.com/goccy/go-yaml"
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
	if err := decodePart(e.Reserve, &hold); err != nil {
		return nil, err
	}
	reserve := &route.Reserve{AtExpiry: ration.AtExpiry(hold.AtExpiry), Reports: map[string]route.Report{}}
	if hold.TTL != "" {
		ttl, err := parseDuration(hold.TTL, time.Second, ration.MaxReservationTTL)
		if err != nil {
			if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
				err = &ration.InvalidError{Field: "routes reserve.ttl", Value: invalid.Value, Reason: invalid.Reason}
			}
			return nil, &placedError{start(e.Reserve), err}
		}
		reserve.TTL = ttl
	}
	var reports map[string]reportEntry
	if err := decodePart(e.Settle, &reports); err != nil {
		return nil, err
	}
	for meter, report := range reports {
		reserve.Reports[meter] = route.Report(report)
	}
	return reserve, nil
}

// decodePart reads a part of a setting; nothing leaves value as it is.
func decodePart(node ast.Node, value any) error {
	if node == nil {
		return nil
	}
	if err := yaml.NodeToValue(node, value, yaml.Strict()); err != nil {
		return placeDecoding(err)
	}
	return nil
}
