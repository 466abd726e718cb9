package postgres

import (
	"bytes"
	"time"

	"github.com/ration-dev/ration"
)

// columns reads a row for package sqladmin: it implements sqladmin.Row.
type columns struct{ row *row }

// ID implements sqladmin.Row.
func (c columns) ID() [16]byte { return c.row.uuid() }

// OptionalID implements sqladmin.Row.
func (c columns) OptionalID() [16]byte { return c.row.uuid() }

// Digest implements sqladmin.Row.
func (c columns) Digest() ration.Digest { return c.row.digest() }

// Bytes implements sqladmin.Row.
func (c columns) Bytes() []byte { return bytes.Clone(c.row.take(-1)) }

// Text implements sqladmin.Row.
func (c columns) Text() string { return c.row.text() }

// Int implements sqladmin.Row.
func (c columns) Int() int64 { return c.row.int() }

// Bool implements sqladmin.Row.
func (c columns) Bool() bool { return c.row.bool() }

// Time implements sqladmin.Row.
func (c columns) Time() time.Time { return c.row.time() }

// Date implements sqladmin.Row.
func (c columns) Date() ration.PeriodID { return c.row.date() }

// Texts implements sqladmin.Row.
func (c columns) Texts() []string { return c.row.texts() }

// JSON implements sqladmin.Row.
func (c columns) JSON() []byte { return bytes.Clone(c.row.json()) } // the driver reads the next row into the same memory

// Fail implements sqladmin.Row.
func (c columns) Fail(err error) {
	if c.row.err == nil {
		c.row.err = err
	}
}
