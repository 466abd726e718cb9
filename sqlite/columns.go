package sqlite

import (
	"bytes"
	"errors"
	"time"

	"github.com/ration-dev/ration"
)

// columns reads a row for package sqladmin: it implements sqladmin.Row.
type columns struct {
	row  *row
	next int
}

func (c *columns) take() int {
	c.next++
	return c.next - 1
}

// ID implements sqladmin.Row.
func (c *columns) ID() [16]byte { return c.row.id(c.take()) }

// OptionalID implements sqladmin.Row.
func (c *columns) OptionalID() (id [16]byte) {
	if column := c.take(); c.row.values[column] != nil {
		id = c.row.id(column)
	}
	return id
}

// Digest implements sqladmin.Row.
func (c *columns) Digest() ration.Digest { return c.row.digest(c.take()) }

// Bytes implements sqladmin.Row.
func (c *columns) Bytes() []byte { return bytes.Clone(c.row.blob(c.take())) }

// Text implements sqladmin.Row.
func (c *columns) Text() string { return c.row.optionalText(c.take()) }

// Bool implements sqladmin.Row.
func (c *columns) Bool() bool { return c.Int() != 0 }

// Time implements sqladmin.Row.
func (c *columns) Time() time.Time { return c.row.time(c.take()) }

// Date implements sqladmin.Row.
func (c *columns) Date() ration.PeriodID { return c.row.date(c.take()) }

// JSON implements sqladmin.Row.
func (c *columns) JSON() []byte { return []byte(c.row.text(c.take())) }

// Int implements sqladmin.Row.
func (c *columns) Int() int64 {
	column := c.take()
	if c.row.values[column] == nil {
		return 0
	}
	return c.row.int(column)
}

// Texts implements sqladmin.Row.
func (c *columns) Texts() (texts []string) {
	c.row.json(c.take(), &texts)
	return texts
}

// Fail implements sqladmin.Row.
func (c *columns) Fail(err error) { c.row.err = errors.Join(c.row.err, err) }
