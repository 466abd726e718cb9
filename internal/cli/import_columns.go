package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/keyimport"
	"github.com/ration-dev/ration/internal/redact"
)

// sayColumns names the columns that were found and what each is read as.
func (a *app) sayColumns(uses []keyimport.Use) {
	texts := make([]string, len(uses))
	for i, use := range uses {
		texts[i] = fmt.Sprintf("%s from %q", use.Field, visible(use.Column))
	}
	a.say("Columns read: %s.", strings.Join(texts, ", "))
}

// maxListedKeys is how many keys a dry run lists, at most.
const maxListedKeys = 100

// sayKeys lists the keys that a dry run would import.
func (a *app) sayKeys(keys []admin.ImportedKey) {
	for i, key := range keys[:min(len(keys), maxListedKeys)] {
		text := fmt.Sprintf("  row %d: %q, %s", i+1, visible(key.Name), key.Status)
		for _, part := range [][2]string{{"owner", key.Owner}, {"plan", key.Plan}, {"scopes", strings.Join(key.Scopes, " ")}} {
			if part[1] != "" {
				text += ", " + part[0] + " " + visible(part[1])
			}
		}
		a.say("%s", text)
	}
	if more := len(keys) - maxListedKeys; more > 0 {
		a.say("  and %d more", more)
	}
}

// checkPlansOf refuses plans that are not there, all at once, each with the row that
// names it first and the name that was perhaps meant.
func checkPlansOf(ctx context.Context, ops admin.Operations, keys []admin.ImportedKey) error {
	plans, err := ops.ListPlans(ctx, admin.NameFilter{})
	if err != nil {
		return err
	}
	known := make([]string, len(plans))
	for i, plan := range plans {
		known[i] = plan.Name
	}
	checked := map[string]bool{"": true}
	var errs []error
	for i, key := range keys {
		if !checked[key.Plan] && !slices.Contains(known, key.Plan) {
			errs = append(errs, fmt.Errorf("row %d: there is no plan %q%s", i+1, visible(key.Plan), orNearest(key.Plan, known, "; 'ration plans list' shows all plans")))
		}
		checked[key.Plan] = true
	}
	if errs != nil {
		return nothingImported(errors.Join(errs...))
	}
	return nil
}

// sqliteMark is how files of SQLite begin.
const sqliteMark = "SQLite format 3\x00"

// tableNeeded says which tables a SQLite file has, with their columns: one has to be
// named.
func (a *app) tableNeeded(ctx context.Context, file string) error {
	db, dsn, err := a.openKeyDatabase(file)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tables, err := tablesOf(ctx, db)
	if err != nil {
		return redact.Error(err, dsn)
	}
	return usagef("%s is a SQLite database: name the table or view with --table; it has %s", visible(file), visible(strings.Join(tables, ", ")))
}

// tablesOf lists the tables and views of a SQLite file with their columns.
func tablesOf(ctx context.Context, db *sql.DB) ([]string, error) {
	const query = `SELECT m.name, group_concat(c.name, ', ') FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' GROUP BY m.name ORDER BY m.name`
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var tables []string
	for rows.Next() {
		var name, columns string
		if err := rows.Scan(&name, &columns); err != nil {
			return nil, fmt.Errorf("listing the tables: %w", err)
		}
		tables = append(tables, fmt.Sprintf("%s (%s)", name, columns))
	}
	if len(tables) == 0 && rows.Err() == nil {
		return []string{"no table"}, nil
	}
	return tables, rows.Err()
}

// isSQLite reports whether what a reader has begins as a file of SQLite. It returns a
// reader that still has all of it.
func isSQLite(r io.Reader) (bool, io.Reader) {
	begin := make([]byte, len(sqliteMark))
	n, _ := io.ReadFull(r, begin) // what can't be read now can't be read later
	return string(begin[:n]) == sqliteMark, io.MultiReader(strings.NewReader(string(begin[:n])), r)
}
