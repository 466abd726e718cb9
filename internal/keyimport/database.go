package keyimport

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// ReadDatabase reads a table or view of a database that quotes names as the SQL
// standard does, such as SQLite and PostgreSQL; name may begin with a schema and
// a dot. NULL is an empty cell; a time without a zone is UTC. Errors name no cell.
func ReadDatabase(ctx context.Context, db *sql.DB, name string) (*Table, error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+quoteName(name)) //nolint:gosec // the name is quoted
	if err != nil {
		return nil, fmt.Errorf("reading table %q: %w", name, err)
	}
	defer func() { _ = rows.Close() }()
	table := new(Table)
	if table.columns, err = rows.Columns(); err != nil {
		return nil, fmt.Errorf("reading table %q: %w", name, err)
	}
	for rows.Next() {
		values := make([]any, len(table.columns))
		targets := make([]any, len(values))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("reading row %d of table %q: its types can't be read", len(table.rows)+1, name)
		}
		table.rows = append(table.rows, row{cells: cellsOf(values)})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading table %q: %w", name, err)
	}
	return table, nil
}

func quoteName(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		parts[i] = `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}

func cellsOf(values []any) []ration.Secret {
	cells := make([]ration.Secret, len(values))
	for i, value := range values {
		cells[i] = ration.SecretFromText(textOf(value))
	}
	return cells
}

func textOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case []byte:
		return string(value)
	case time.Time:
		return value.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}
