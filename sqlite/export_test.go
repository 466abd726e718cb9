package sqlite

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/ration-dev/ration"
)

// Tests compare keys as a model has them, and ask for next plans to be written when they
// want that; on a slow machine it would happen beside them.
func init() { nextPlansEvery = 24 * time.Hour }

// OpenWith opens a store with other migrations than ours.
func OpenWith(ctx context.Context, config Config, migrations fs.FS) (*Store, error) {
	other := production
	other.migrations = migrations
	store, _, _, err := open(ctx, config, other)
	return store, err
}

// OpenShortLog opens a store that checkpoints after a number of pages, and whose
// log starts anew after four times as many.
func OpenShortLog(ctx context.Context, config Config, pages int) (*Store, error) {
	other := production
	other.log = logLimits{checkpoint: pages, restart: 4 * int64(pages), lag: int64(pages) / 8}
	store, _, _, err := open(ctx, config, other)
	return store, err
}

// Migrations are ours.
var Migrations fs.FS = migrations

// RefuseOld exports the gate of SQLite's version.
func RefuseOld(version string) error { return refuseOld(version) }

// Settings returns the settings of the connections by whom they serve.
func (s *Store) Settings(ctx context.Context, names ...string) (map[string]string, error) {
	settings := make(map[string]string)
	each := func(who string, conn *conn) error {
		for _, name := range names {
			err := conn.query(ctx, "PRAGMA "+name, nil, func(r *row) error {
				settings[who+" "+name] = fmt.Sprint(r.values[0])
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.read(ctx, func(conn *conn) error { return each("reader", conn) }); err != nil {
		return nil, err
	}
	err := s.write(ctx, func(ctx context.Context, tx *tx) error {
		if err := each("writer", tx.conn); err != nil {
			return err
		}
		return errNothingToCommit
	})
	return settings, err
}

// HotQueries returns the queries whose plans matter, by name.
func HotQueries(key ration.KeyID) map[string]Query {
	id := blob(key)
	ids := []any{id, id, id, id}
	return map[string]Query{
		"keys of a batch":      {decisionKeys[2], ids},
		"overrides of a batch": {keyOverrides[2], ids},
		"limits beneath":       {keyOverridesBeneath[2], ids},
		"secrets of a batch":   {decisionSecrets[2], ids},
		"usage of a batch":     {keyUsage[2], ids},
		"plans of a batch":     {plansWithLimits[2], []any{"a", "b", "c", "d"}},
		"digests":              {digestRefs[2], ids},
		"tokens":               {tokensByDigest[2], ids},
		"adding usage":         {addUsage, make([]any, strings.Count(addUsage, "?"))},
		"adding to history":    {addDay, make([]any, 6)},
		"a secret's last use":  {noteSecretUse, make([]any, 3)},
		"keys ahead":           {keysAhead, make([]any, 4)},
		"history to repair":    {historyToRepair, make([]any, 2)},
		"open to repair":       {openOfKey, make([]any, 1)},
		"a day to raise":       {dayToRaise, make([]any, 3)},
		"an earlier request":   {earlierFirstRequest, make([]any, 4)},
	}
}

// Query is a query and its values.
type Query struct {
	Text   string
	Values []any
}

// ReadDuring returns the queries that the store's readers have not run before and
// run while do reads, their values left out.
func (s *Store) ReadDuring(ctx context.Context, do func() error) (queries []Query, err error) {
	before, err := s.readSoFar(ctx)
	if err != nil {
		return nil, err
	}
	if err := do(); err != nil {
		return nil, err
	}
	after, err := s.readSoFar(ctx)
	for text := range after {
		if !before[text] {
			queries = append(queries, Query{text, make([]any, parameters(text))})
		}
	}
	return queries, err
}

func (s *Store) readSoFar(ctx context.Context) (texts map[string]bool, err error) {
	texts = make(map[string]bool)
	for range cap(s.readers) { // they serve in turn
		reader, err := s.take(ctx, s.readers)
		if err != nil {
			return nil, err
		}
		for text := range reader.prepared {
			texts[text] = true
		}
		s.readers <- reader
	}
	return texts, nil
}

// parameters returns how many values a query takes: those of a list are numbered,
// and may stand twice. The others come after them.
func parameters(text string) int {
	if !strings.Contains(text, "?1") {
		return strings.Count(text, "?")
	}
	highest := 1
	for strings.Contains(text, fmt.Sprintf("?%d", highest+1)) {
		highest++
	}
	return highest + strings.Count(text, "? ") + strings.Count(text, "?, ") + strings.Count(text, "?)") + strings.Count(text[len(text)-1:], "?")
}

// Steps returns how SQLite runs a query.
func (s *Store) Steps(ctx context.Context, query Query) (steps []string, err error) {
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, "EXPLAIN QUERY PLAN "+query.Text, query.Values, func(r *row) error {
			steps = append(steps, r.text(3))
			return nil
		})
	})
	return steps, err
}

// Run runs a statement in a transaction of its own.
func (s *Store) Run(ctx context.Context, statement string) error {
	return s.write(ctx, func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, statement)
		return err
	})
}

// Rows returns the text in the first column of a query.
func (s *Store) Rows(ctx context.Context, query string) (texts []string, err error) {
	err = s.read(ctx, func(conn *conn) error {
		return conn.query(ctx, query, nil, func(r *row) error {
			texts = append(texts, r.text(0))
			return nil
		})
	})
	return texts, err
}

// WriteBackup makes a backup by another way of copying.
var WriteBackup = writeBackup

// RestoreInSteps is Restore, and tells of each change to the disk.
func RestoreInSteps(ctx context.Context, config RestoreConfig, step func(done string)) (replaced bool, err error) {
	return restore(ctx, config, step)
}

// Purge deletes what is kept no longer.
func (s *Store) Purge(ctx context.Context) error { return s.purge(ctx) }

// TableNames are the tables that are watched.
var TableNames = tableNames

// Trust takes the tables for right as they are, whatever was done to them.
func (s *Store) Trust(ctx context.Context) error {
	writer, err := s.take(ctx, s.writer)
	if err != nil {
		return err
	}
	defer func() { s.writer <- writer }()
	s.lookedAt, err = writer.number(ctx, "PRAGMA schema_version")
	return err
}

// Path returns the absolute path of the database file, links resolved.
func (s *Store) Path() string { return s.path }
