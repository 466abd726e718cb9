package sqlite_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// ownVersion is the version of this build's schema.
var ownVersion = sqlite.SchemaVersion()

// nextRelease returns our migrations and one more.
func nextRelease(t *testing.T, statements string) fs.FS {
	t.Helper()
	files := fstest.MapFS{"migrations/99999_next.sql": {Data: []byte("-- +goose Up\n" + statements)}}
	ours, err := fs.Glob(sqlite.Migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range ours {
		data, err := fs.ReadFile(sqlite.Migrations, name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

// usedFile returns a database file with a key that has been charged once.
func usedFile(t *testing.T) (sqlite.Config, ration.KeyID) {
	t.Helper()
	config := sqlite.Config{Path: newPath(t)}
	store := open(t, config)
	key := createKey(t, store, "")
	charge(t, store, key)
	closeStore(t, store)
	return config, key
}

func TestMigrateTwice(t *testing.T) {
	config := sqlite.Config{Path: newPath(t)}
	from, to, err := sqlite.Migrate(t.Context(), config)
	if err != nil || from != 0 || to < 1 {
		t.Fatalf("from %d to %d, error %v", from, to, err)
	}
	again, same, err := sqlite.Migrate(t.Context(), config)
	if err != nil || again != to || same != to {
		t.Errorf("from %d to %d, error %v", again, same, err)
	}
}

func TestSchemaThatDoesNotFit(t *testing.T) {
	config, _ := usedFile(t)
	next := nextRelease(t, "CREATE TABLE news (n INTEGER) STRICT;")

	config.KeepSchema = true
	_, err := sqlite.OpenWith(t.Context(), config, next)
	if schema, ok := errors.AsType[*sqlite.SchemaError](err); !ok || schema.Have != ownVersion || schema.Want != 99999 || schema.Path != config.Path {
		t.Errorf("older schema that is to be kept: %v", err)
	}
	for mark, statement := range map[string]string{
		"for later releases": "UPDATE schema_compatibility SET least_version = 99999",
		"none":               "DROP TABLE schema_compatibility",
		"an unfinished copy": fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, 1)", admin.UnfinishedCopy),
	} {
		t.Run("mark: "+mark, func(t *testing.T) {
			config, key := usedFile(t)
			store, err := sqlite.OpenWith(t.Context(), config, nextRelease(t, "CREATE TABLE news (n INTEGER) STRICT;\n"+statement+";"))
			if err != nil {
				t.Fatal(err)
			}
			charge(t, store, key)
			closeStore(t, store)
			_, openErr := sqlite.Open(t.Context(), config)
			_, _, migrateErr := sqlite.Migrate(t.Context(), config)
			for call, err := range map[string]error{"Open": openErr, "Migrate": migrateErr} {
				schema, ok := errors.AsType[*sqlite.SchemaError](err)
				if !ok || schema.Have < 99999 || schema.Want != ownVersion || schema.Path != config.Path {
					t.Errorf("%s: %v", call, err)
				} else if schema.Have == 99999 && !(strings.Contains(err.Error(), "99999") && strings.Contains(err.Error(), fmt.Sprint("version ", ownVersion))) {
					t.Errorf("%s: %q doesn't name both versions", call, err)
				}
			}
		})
	}
}

// A release runs on a newer schema that only adds something, and leaves it as it is.
func TestOlderReleaseOnANewerSchema(t *testing.T) {
	config, key := usedFile(t)
	next := nextRelease(t, "CREATE TABLE news (n INTEGER) STRICT;\nALTER TABLE plans ADD COLUMN news INTEGER;")
	for charged := int64(2); charged < 6; charged += 2 { // there and back, twice
		newer, err := sqlite.OpenWith(t.Context(), config, next)
		if err != nil {
			t.Fatal(err)
		}
		charge(t, newer, key)
		closeStore(t, newer)
		if from, to, err := sqlite.Migrate(t.Context(), config); err != nil || from != 99999 || to != 99999 {
			t.Errorf("Migrate of the older release = %d, %d, %v; want nothing done", from, to, err)
		}
		config.KeepSchema = true
		older := open(t, config)
		charge(t, older, key)
		usage, _, err := older.KeyUsage(t.Context(), key)
		if err != nil || usage[0].Used != 1+charged {
			t.Errorf("usage %+v, error %v; want %d", usage, err, 1+charged)
		}
		findings, err := older.Examine(t.Context(), false)
		if want := fmt.Sprintf("version 99999, made by a later release and marked for those that know version 4 or later, such as this one, which knows %d", ownVersion); err != nil || findings[0].Detail != want {
			t.Errorf("Examine = %+v, %v; want %q", findings, err, want)
		}
		closeStore(t, older)
	}
}

func TestMigrationThatFailsChangesNothing(t *testing.T) {
	config, key := usedFile(t)
	broken := nextRelease(t, "CREATE TABLE news (n INTEGER) STRICT;\nDELETE FROM key_usage;\nINSERT INTO nowhere VALUES (1);")
	if _, err := sqlite.OpenWith(t.Context(), config, broken); err == nil {
		t.Fatal("a broken migration passed")
	}
	store := open(t, config)
	usage, _, err := store.KeyUsage(t.Context(), key)
	if err != nil || usage[0].Used != 1 {
		t.Errorf("usage %+v, error %v", usage, err)
	}
	if err := store.Run(t.Context(), "CREATE TABLE news (n INTEGER)"); err != nil {
		t.Errorf("the broken migration left a table: %v", err)
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	config, _ := usedFile(t)
	ours, err := os.ReadFile(config.Path)
	if err != nil {
		t.Fatal(err)
	}
	foreign := open(t, sqlite.Config{Path: newPath(t)})
	for _, statement := range []string{"PRAGMA application_id = 0", "CREATE TABLE theirs (n)"} {
		if err := foreign.Run(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, foreign)
	theirs, err := os.ReadFile(foreign.Path())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"another program's database": theirs,
		"no database":                []byte(strings.Repeat("text that is no database\n", 100)),
		"a mangled header":           append([]byte("SQLite format 4\x00"), ours[16:]...),
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := sqlite.Open(t.Context(), sqlite.Config{Path: path}); !errors.Is(err, sqlite.ErrNotRation) {
				t.Errorf("error %v", err)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != string(content) {
				t.Errorf("the file was changed; error %v", err)
			}
		})
	}
}
