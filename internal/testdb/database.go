package testdb

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
)

// emptyTemplate is what an empty database is a copy of: nothing that a person left in
// template1 may reach a test.
const emptyTemplate = "template0"

// createDatabase creates a database for one test as a copy of another.
func createDatabase(tb testing.TB, server *session, template string) (name, dsn string) {
	tb.Helper()
	name = databaseName(tb.Name())
	dsn, err := withDatabase(server.url, name)
	if err != nil {
		tb.Fatal(err)
	}
	if err := server.execute(copying(template, name)); err != nil {
		tb.Fatal(err)
	}
	return name, dsn
}

// dropDatabase drops by force: a test may have left connections open.
func dropDatabase(tb testing.TB, server *session, name string) {
	tb.Helper()
	if err := server.execute(dropping(name)); err != nil {
		tb.Error(err)
	}
}

// copying is how to make a database a copy of another. In memory, copying its files
// costs half of what copying its pages by way of the log costs, which PostgreSQL does
// to spare a disk two checkpoints.
func copying(template, name string) string {
	statement := "create database " + name + " template " + template
	if os.Getenv(DirVariable) != "" {
		statement += " strategy file_copy"
	}
	return statement
}

func dropping(name string) string {
	return "drop database if exists " + name + " with (force)"
}

// databaseName makes a readable name of a test's, short enough for PostgreSQL's
// 63 bytes and never the same twice.
func databaseName(test string) string {
	letters := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, strings.ToLower(test))
	return "t_" + letters[:min(len(letters), 30)] + "_" + strings.ToLower(rand.Text())
}

// withDatabase changes the database of a URL. Its error leaves out the URL,
// which holds a password.
func withDatabase(serverURL, name string) (string, error) {
	parsed, err := url.Parse(serverURL)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" {
		return "", fmt.Errorf("%s is not a postgres:// URL", URLVariable)
	}
	parsed.Path = "/" + name
	return parsed.String(), nil
}
