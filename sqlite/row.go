package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
)

// row is a row of a result. Its methods read a column; the first value of the
// wrong form becomes the row's error, which ends the query.
type row struct {
	columns []string
	values  []driver.Value
	err     error
}

func (r *row) int(column int) int64 {
	value, ok := r.values[column].(int64)
	if !ok {
		r.fail(column)
	}
	return value
}

func (r *row) text(column int) string {
	value, ok := r.values[column].(string)
	if !ok {
		r.fail(column)
	}
	return value
}

// optionalText reads NULL as "".
func (r *row) optionalText(column int) string {
	if r.values[column] == nil {
		return ""
	}
	return r.text(column)
}

func (r *row) id(column int) (id uuid.UUID) {
	value, ok := r.values[column].([]byte)
	if !ok || copy(id[:], value) != len(value) {
		r.fail(column)
	}
	return id
}

// blob is only valid until the next row.
func (r *row) blob(column int) []byte {
	value, ok := r.values[column].([]byte)
	if !ok {
		r.fail(column)
	}
	return value
}

// time reads NULL and 0 as the zero time.
func (r *row) time(column int) time.Time {
	if r.values[column] == nil {
		return time.Time{}
	}
	return timeOf(r.int(column))
}

// date reads the id of a day, week or month.
func (r *row) date(column int) ration.PeriodID {
	date, err := time.Parse(time.DateOnly, r.text(column))
	if err != nil {
		r.fail(column)
	}
	return ration.DateID(date.Date())
}

// json reads a value from JSON text.
func (r *row) json(column int, value any) {
	text := r.text(column)
	if text == "[]" || text == "{}" {
		return
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		r.fail(column)
	}
}

func (r *row) fail(column int) {
	if r.err == nil {
		r.err = fmt.Errorf("reading column %s: unexpected %T", r.columns[column], r.values[column])
	}
}
