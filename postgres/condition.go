package postgres

import "strconv"

// condition builds a WHERE clause whose values are parameters.
type condition struct {
	text   string
	values []any
}

// and adds a comparison such as "name =" with a value.
func (c *condition) and(comparison string, value any) {
	c.values = append(c.values, value)
	c.always(comparison + " $" + strconv.Itoa(len(c.values)))
}

// always adds a condition without a value, as a partial index wants it.
func (c *condition) always(condition string) {
	if c.text == "" {
		c.text = " WHERE "
	} else {
		c.text += " AND "
	}
	c.text += condition
}

func (c *condition) sql() string { return c.text }

// limit returns a LIMIT clause; without a limit its default holds.
func (c *condition) limit(limit, otherwise int) string {
	if limit <= 0 {
		limit = otherwise
	}
	return " LIMIT " + strconv.Itoa(limit)
}
