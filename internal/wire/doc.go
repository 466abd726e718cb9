// Package wire turns what administration returns into the wire types of
// package api: for the command line, the admin API and the console alike, so
// that one thing has one JSON form everywhere. Times are in UTC, lists and maps
// are never nil.
package wire

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
)

// instant returns an optional time, nil for none.
func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

// number writes a number of units as an exact decimal number.
func number(unit ration.Unit, units int64) api.Number { return api.Number(unit.Text(units)) }

// list returns the texts, never nil.
func list(texts []string) []string { return append([]string{}, texts...) }

func convert[From, To any](items []From, one func(From) To) []To {
	converted := make([]To, len(items))
	for i, item := range items {
		converted[i] = one(item)
	}
	return converted
}
