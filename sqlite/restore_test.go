package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/sqlite"
)

// restoration is a backup with one request counted, and a database with two: the
// second in its log alone, as a killed server leaves it.
type restoration struct {
	key    ration.KeyID
	config sqlite.RestoreConfig
}

func newRestoration(t *testing.T) restoration {
	t.Helper()
	dir := t.TempDir()
	store := open(t, sqlite.Config{Path: newPath(t)})
	key := createKey(t, store, "")
	charge(t, store, key)
	r := restoration{key, sqlite.RestoreConfig{
		Path: filepath.Join(dir, "ration.db"), Backup: filepath.Join(dir, "backup.db"), KeepOld: filepath.Join(dir, "old.db"),
	}}
	if err := store.Backup(t.Context(), r.config.Backup); err != nil {
		t.Fatal(err)
	}
	charge(t, store, key)
	for _, suffix := range []string{"", "-wal"} {
		write(t, r.config.Path+suffix, readFile(t, store.Path()+suffix))
	}
	return r
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// count opens a database as a server does and returns what it has counted.
func (r restoration) count(t *testing.T, path string) int64 {
	t.Helper()
	store := open(t, sqlite.Config{Path: path})
	defer closeStore(t, store)
	return used(t, store, r.key)
}

func TestRestoreReplacesAndKeeps(t *testing.T) {
	r := newRestoration(t)
	replaced, err := sqlite.Restore(t.Context(), r.config)
	if err != nil || !replaced {
		t.Fatalf("replaced %t, error %v", replaced, err)
	}
	for path, want := range map[string]int64{r.config.Path: 1, r.config.KeepOld: 2, r.config.Backup: 1} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v", path, info.Mode(), err)
		}
		if got := r.count(t, path); got != want {
			t.Errorf("%s: %d counted, want %d", path, got, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(r.config.Path), "*.partial")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestRestoreWhereThereIsNothing(t *testing.T) {
	r := newRestoration(t)
	r.config.Path, r.config.KeepOld = newPath(t), ""
	if replaced, err := sqlite.Restore(t.Context(), r.config); replaced || err != nil {
		t.Fatalf("replaced %t, error %v", replaced, err)
	}
	if got := r.count(t, r.config.Path); got != 1 {
		t.Errorf("%d counted", got)
	}
}

// TestInterruptedRestore takes the disk as a killed process leaves it after each
// step: a server must find the old counts or the new ones.
func TestInterruptedRestore(t *testing.T) {
	r := newRestoration(t)
	dir := filepath.Dir(r.config.Path)
	var got []string
	_, err := sqlite.RestoreInSteps(t.Context(), r.config, func(done string) {
		if _, locked, err := sqlite.LockedBy(r.config.Path); !locked || err != nil {
			t.Errorf("%s: locked %t, error %v", done, locked, err)
		}
		left := t.TempDir()
		if err := os.CopyFS(left, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		if kept := filepath.Join(left, "old.db"); done != "renamed" || r.count(t, kept) == 2 {
			got = append(got, fmt.Sprintf("%s: %d counted", done, r.count(t, filepath.Join(left, "ration.db"))))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"copied: 2 counted", "settled: 2 counted", "kept : 2 counted", "logs removed: 2 counted", "renamed: 1 counted"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after each step (-want +got):\n%s", diff)
	}
}

// TestRestoreRefuses has, in each row, a reason not to touch the database.
func TestRestoreRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		prepare func(t *testing.T, r *restoration)
		want    error // nil: any
	}{
		"no leave to replace": {func(_ *testing.T, r *restoration) { r.config.KeepOld = "" }, fs.ErrExist},
		"a log without its database, and no leave": {func(t *testing.T, r *restoration) {
			r.config.KeepOld = ""
			if err := os.Remove(r.config.Path); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrExist},
		"a server has it":          {func(t *testing.T, r *restoration) { open(t, sqlite.Config{Path: r.config.Path}) }, sqlite.ErrLocked},
		"another program has it":   {func(t *testing.T, r *restoration) { readWithoutEnd(t, r.config.Path) }, nil},
		"a file has the kept name": {func(t *testing.T, r *restoration) { write(t, r.config.KeepOld, []byte("mine")) }, fs.ErrExist},
		"the old is another's":     {func(t *testing.T, r *restoration) { foreignDatabase(t, r.config.Path) }, sqlite.ErrNotRation},
		"there is no copy":         {func(_ *testing.T, r *restoration) { r.config.Backup += "x" }, fs.ErrNotExist},
		"the copy is a directory":  {func(t *testing.T, r *restoration) { r.config.Backup = t.TempDir() }, nil},
		"the copy is the database": {func(_ *testing.T, r *restoration) { r.config.Backup = r.config.Path }, nil},
		"the copy is empty":        {func(t *testing.T, r *restoration) { write(t, r.config.Backup, nil) }, sqlite.ErrNotRation},
		"the copy is another's":    {func(t *testing.T, r *restoration) { foreignDatabase(t, r.config.Backup) }, sqlite.ErrNotRation},
		"the copy is no database":  {func(t *testing.T, r *restoration) { write(t, r.config.Backup, make([]byte, 9000)) }, sqlite.ErrNotRation},
		"the copy has a log":       {func(t *testing.T, r *restoration) { write(t, r.config.Backup+"-wal", []byte("x")) }, nil},
		"the copy has a blank page": {func(t *testing.T, r *restoration) {
			damaged := readFile(t, r.config.Backup)
			clear(damaged[2*pageSize : 3*pageSize])
			write(t, r.config.Backup, damaged)
		}, sqlite.ErrDamaged},
		"the copy is cut short": {func(t *testing.T, r *restoration) { damageFile(t, r.config.Backup) }, sqlite.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRestoration(t)
			row.prepare(t, &r)
			database, kept := content(r.config.Path), content(r.config.KeepOld)
			_, err := sqlite.Restore(t.Context(), r.config)
			if err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("error %v, want %v", err, row.want)
			}
			if name != "a file has the kept name" && database != content(r.config.Path) { // there it is settled before
				t.Error("the database was changed")
			}
			if kept != content(r.config.KeepOld) {
				t.Error("the file with the kept name was changed")
			}
			left, err := filepath.Glob(filepath.Join(filepath.Dir(r.config.Path), "*.partial"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, error %v", left, err)
			}
		})
	}
}

func TestRestoreRefusesACopyOfALaterRelease(t *testing.T) {
	r := newRestoration(t)
	execFile(t, r.config.Backup, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	execFile(t, r.config.Backup, "UPDATE schema_compatibility SET least_version = 9999")
	_, err := sqlite.Restore(t.Context(), r.config)
	if schema, ok := errors.AsType[*sqlite.SchemaError](err); !ok || schema.Have != 9999 || schema.Want != ownVersion {
		t.Errorf("error %v", err)
	}
}

func TestRestoreTakesACopyOfALaterReleaseThatSuits(t *testing.T) {
	r := newRestoration(t)
	execFile(t, r.config.Backup, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	if _, err := sqlite.Restore(t.Context(), r.config); err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, sqlite.Config{Path: r.config.Path}))
}

// TestRestoreOverDamage keeps a database that SQLite can't settle as it is.
func TestRestoreOverDamage(t *testing.T) {
	r := newRestoration(t)
	damageFile(t, r.config.Path)
	write(t, r.config.Path+"-wal", nil)
	database := content(r.config.Path)
	if _, err := sqlite.Restore(t.Context(), r.config); err != nil {
		t.Fatal(err)
	}
	if got := r.count(t, r.config.Path); got != 1 {
		t.Errorf("%d counted", got)
	}
	if content(r.config.KeepOld) != database {
		t.Error("the damaged database was not kept as it was")
	}
}

// TestRestoreMovesALogThatWasLeft: SQLite would play it into the restored database,
// so at no step it lies beside that, and at none it is gone.
func TestRestoreMovesALogThatWasLeft(t *testing.T) {
	r := newRestoration(t)
	log, none := content(r.config.Path+"-wal"), content(r.config.Path+"-none")
	if err := os.Remove(r.config.Path); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.RestoreInSteps(t.Context(), r.config, func(done string) {
		if content(r.config.Path) != none && content(r.config.Path+"-wal") != none {
			t.Errorf("%s: the old log lies beside the new database", done)
		}
		if content(r.config.Path+"-wal") != log && content(r.config.KeepOld+"-wal") != log {
			t.Errorf("%s: the old log is gone", done)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if kept := content(r.config.KeepOld + "-wal"); kept != log {
		t.Error("the log was not kept")
	}
	if got := r.count(t, r.config.Path); got != 1 {
		t.Errorf("%d counted", got)
	}
}

// content returns what a file holds, or that there is none.
func content(path string) string {
	data, err := os.ReadFile(path)
	return fmt.Sprint(string(data), errors.Is(err, fs.ErrNotExist))
}

func damageFile(t *testing.T, path string) {
	t.Helper()
	damaged := readFile(t, path)
	const kind = 100 // where the schema's own page says what kind of page it is
	damaged[kind] = 0xff
	write(t, path, damaged[:len(damaged)/2])
}

func foreignDatabase(t *testing.T, path string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	execFile(t, path, "CREATE TABLE theirs (n)")
}

func execFile(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.ExecContext(t.Context(), statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// readWithoutEnd has a database open, in a transaction, until the test ends.
func readWithoutEnd(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.BeginTx(t.Context(), nil)
	if err == nil {
		var keys int
		err = tx.QueryRowContext(t.Context(), "SELECT count(*) FROM api_keys").Scan(&keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
}
