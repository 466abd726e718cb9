package postgres

import (
	"cmp"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// unitsSQL reads which of some meters were given a unit. The primary key serves it.
const unitsSQL = "SELECT name, decimals FROM meters WHERE name = ANY($1::text[])"

// A meter may be given a unit only while nothing counts on it. So whoever is the first
// to count something on it, for a key or by a limit, and whoever gives it a unit, take a
// lock in the meter's name until they have committed. These locks come after those of
// keys and plans.
const (
	lockMetersSQL = "SELECT pg_advisory_xact_lock_shared(hashtextextended('ration meter ' || name, 0)) FROM (SELECT unnest($1::text[]) AS name ORDER BY 1) m"
	setMeterSQL   = "SELECT pg_advisory_xact_lock(hashtextextended('ration meter ' || name, 0)) FROM (SELECT unnest($1::text[]) AS name ORDER BY 1) m"
)

// noteNamed takes in the meters that an item names, but requests, which have no unit.
func (b *work) noteNamed(item *ration.Item) {
	for meter := range ledger.MetersWithUnit(item) {
		if !slices.Contains(b.named, meter) {
			b.named = append(b.named, meter)
		}
	}
}

// takeUnit takes in a row of unitsSQL.
func (b *work) takeUnit(r *row) {
	if b.units == nil {
		b.units = make(ledger.Units)
	}
	name, decimals := r.text(), r.int()
	if decimals < 0 || decimals > int64(ration.MinUnit) {
		r.err = cmp.Or(r.err, errColumn)
		return
	}
	b.units[name] = ration.Unit(decimals)
}

// namesNewMeters reports whether a key would get its first row on a meter.
func (b *work) namesNewMeters() bool {
	if b.dryRun || len(b.named) == 0 {
		return false
	}
	for i := range b.items {
		if k := &b.keys[b.keyOf[i]]; k.account != nil && k.account.NamesNewMeter(&b.items[i]) {
			return true
		}
	}
	return false
}

// lockMeters keeps the meters of a batch from being given a unit, and reads their units
// again, in a round trip of its own.
func (l *lane) lockMeters(p pipeline, b *work) error {
	p.send(stmtLockMeters, l.named.param())
	p.send(stmtUnits, l.named.param())
	if err := p.sync(); err != nil {
		return err
	}
	b.units = nil
	err := p.read(func(*row) {})
	if err == nil {
		err = p.read(b.takeUnit)
	}
	if err == nil {
		err = p.synced()
	}
	for i := range b.keys {
		if k := &b.keys[i]; k.account != nil {
			k.account.TakeUnits(b.units)
		}
	}
	return err
}
