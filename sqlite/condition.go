package sqlite

import "strings"

// condition is a WHERE clause that grows. Its parts are constants of this
// package; what a caller gave is in values only.
type condition struct {
	parts  []string
	values []any
}

func (c *condition) and(part string, value any) {
	c.parts = append(c.parts, part)
	c.values = append(c.values, value)
}

// always adds a part without a value, as a partial index wants it.
func (c *condition) always(part string) { c.parts = append(c.parts, part) }

func (c *condition) sql() string {
	if len(c.parts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.parts, " AND ")
}

// limitOr returns the most rows wanted, a default for none.
func limitOr(limit, otherwise int) int64 {
	if limit <= 0 {
		return int64(otherwise)
	}
	return int64(limit)
}
