package route

import (
	"slices"

	"github.com/ration-dev/ration"
)

// AsksMore reports whether a path that a request names, besides its own, is or is
// near one of a route that asks more than the request's: a key where that asks none,
// another scope, or a price. Routes without any word of their own, such as "/*", don't
// count: every value would be a path of theirs.
func (t *Table) AsksMore(path string, than *Compiled) bool {
	read, err := readingsOf(path)
	return slices.ContainsFunc(t.routes, func(c *Compiled) bool {
		return c.pattern.hasWord() && c.asksMoreThan(than) && (err != nil || c.isNear(read))
	})
}

// PassesBeside reports whether a route is that of requests which no route matches,
// in a table where another asks more: whatever other name the upstream has for what
// that one guards, only refuse_unmatched refuses it.
func (t *Table) PassesBeside(found *Compiled) bool {
	return found == t.unmatched && slices.ContainsFunc(t.routes, func(c *Compiled) bool { return c.asksMoreThan(found) })
}

// hasWord reports whether a segment stands for itself.
func (p pattern) hasWord() bool {
	return slices.ContainsFunc(p.folded, func(segment string) bool { return segment != wildcard })
}

func (c *Compiled) asksMoreThan(other *Compiled) bool {
	switch {
	case c.Free:
		return false
	case other.Free, c.Scope != "" && c.Scope != other.Scope, c.Reserve != nil && c.Reserve != other.Reserve:
		return true
	}
	return slices.ContainsFunc(c.Amounts, func(a ration.Amount) bool { return costsMore(a, other.cost(a.Meter)) })
}

// cost returns how much of a meter a request costs.
func (c *Compiled) cost(meter string) ration.Amount {
	for _, amount := range c.Amounts {
		if amount.Meter == meter {
			return amount
		}
	}
	if meter == ration.MeterRequests {
		return ration.Amount{Meter: meter, Units: 1}
	}
	return ration.Amount{Meter: meter}
}

// costsMore compares two amounts on one meter.
func costsMore(a, b ration.Amount) bool {
	unit := max(a.Unit, b.Unit)
	return unit.Of(a.Units, a.Unit) > unit.Of(b.Units, b.Unit)
}
