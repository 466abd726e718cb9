package testdb

import (
	"context"
	"sync"
	"testing"
)

// Template is a database that is filled once in a process, when the first test asks
// for a copy of it. Tests may ask in parallel.
type Template struct {
	fill func(ctx context.Context, dsn string) error
	once sync.Once
	name string // empty until it has been made
	err  error
}

// NewTemplate is a template that fill fills. It must leave no connection open.
func NewTemplate(fill func(ctx context.Context, dsn string) error) *Template {
	return &Template{fill: fill}
}

// Postgres is [Postgres] for a database that has all that the template has.
func (t *Template) Postgres(tb testing.TB) string {
	tb.Helper()
	server, err := sharedServer()
	if err != nil {
		tb.Fatal(err)
	}
	if t.once.Do(func() { t.err = t.make(server.session) }); t.err != nil {
		tb.Fatal(t.err)
	}
	return server.database(tb, t.name)
}

func (t *Template) make(server *session) error {
	name := databaseName("template")
	dsn, err := withDatabase(server.url, name)
	if err != nil {
		return err
	}
	if err := server.execute(copying(emptyTemplate, name)); err != nil {
		return err
	}
	t.name = name
	ctx, cancel := context.WithTimeout(context.Background(), serverTimeout)
	defer cancel()
	return t.fill(ctx, dsn)
}

// Drop drops the template, if it was made. It is for the end of a process: no test
// may ask for a copy any more.
func (t *Template) Drop() error {
	if t.name == "" {
		return nil
	}
	server, err := sharedServer()
	if err != nil {
		return err
	}
	return server.execute(dropping(t.name))
}
