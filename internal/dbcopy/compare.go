package dbcopy

import (
	"context"
	"math/big"
	"slices"
)

// Compared is what a table holds in source and target.
type Compared struct {
	Table          string
	Source, Target Counts
	// Equal says that all rows are the same.
	Equal bool
}

// Counts is a table's rows and, where it has them, the sums of its counters; nil
// where it has none.
type Counts struct {
	Rows                   int64
	Used, Reserved, Denied *big.Int
}

// compareAll compares the tables that are filled.
func (c *copier) compareAll(ctx context.Context) (compared []Compared, err error) {
	tx, err := c.to.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.rollback(ctx) }() // of what only reads
	return c.compare(ctx, tx, tables...)
}

// compare reads tables from end to end on both sides. Its error is a
// [MismatchError] if some differ.
func (c *copier) compare(ctx context.Context, tx transaction, tables ...table) (compared []Compared, err error) {
	var differing []string
	for _, table := range tables {
		one, err := c.compareTable(ctx, tx, table)
		if err != nil {
			return compared, err
		}
		compared = append(compared, one)
		if !one.Equal {
			differing = append(differing, table.name)
		}
	}
	if len(differing) > 0 {
		return compared, &MismatchError{differing}
	}
	return compared, nil
}

func (c *copier) compareTable(ctx context.Context, tx transaction, t table) (Compared, error) {
	columns := c.columns[t.name]
	source, target := newStream(c.source.rows(ctx, t, columns)), newStream(tx.rows(ctx, t, columns))
	defer source.stop()
	defer target.stop()
	have, got := newCounter(t, columns), newCounter(t, columns)
	compared := Compared{Table: t.name, Equal: true}
	for {
		a, moreSource, err := c.read(source)
		if err != nil {
			return compared, err
		}
		b, moreTarget, err := target.read()
		if err != nil {
			return compared, err
		}
		if !moreSource && !moreTarget {
			compared.Source, compared.Target = have.counts(), got.counts()
			return compared, nil
		}
		compared.Equal = compared.Equal && moreSource == moreTarget && a.equal(b)
		have.add(a)
		got.add(b)
	}
}

// counter adds up a table's rows.
type counter struct {
	columns []column
	rows    int64
	sums    map[string]*big.Int
}

func newCounter(t table, columns []column) *counter {
	c := &counter{columns: columns, sums: make(map[string]*big.Int)}
	for _, name := range t.counters {
		c.sums[name] = new(big.Int)
	}
	return c
}

// add takes no notice of nil.
func (c *counter) add(r row) {
	if r == nil {
		return
	}
	c.rows++
	for name, sum := range c.sums {
		i := slices.IndexFunc(c.columns, func(column column) bool { return column.name == name })
		if units, ok := r[i].(int64); ok {
			sum.Add(sum, big.NewInt(units))
		}
	}
}

func (c *counter) counts() Counts {
	return Counts{Rows: c.rows, Used: c.sums["used"], Reserved: c.sums["reserved"], Denied: c.sums["denied"]}
}
