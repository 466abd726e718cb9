package postgres_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/postgres"
)

// TestFilesOfTheConnectionAreNamed: a file that a variable names has nothing to do with the
// URL.
func TestFilesOfTheConnectionAreNamed(t *testing.T) {
	const url = "postgres://ration:canary@127.0.0.1:1/ration"
	missing, empty := filepath.Join(t.TempDir(), "missing.pem"), filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, variable, value, url string
		want                       string
	}{
		{"a variable names none that there is", "PGSSLROOTCERT", missing, url, missing + ": no such file or directory"},
		{"the URL names none that there is", "", "", url + "?sslrootcert=" + missing, missing + ": no such file or directory"},
		{"nor a key", "PGSSLCERT", empty, url + "?sslkey=" + missing, missing + ": no such file or directory"},
		{"no certificate is in it", "PGSSLROOTCERT", empty, url, "PGSSLROOTCERT"},
		{"no such mode", "PGSSLMODE", "sometimes", url, "PGSSLMODE"},
		{"a password that can be read in two ways", "PGSSLROOTCERT", missing, "postgres://ration:can/ary@127.0.0.1:1/ration", "the database URL can't be read"},
		{"a port that is none", "", "", "postgres://ration:canary@127.0.0.1:port/ration", "the database URL can't be read"},
		{"a port too great", "", "", "postgres://ration:canary@127.0.0.1:99999/ration", `the database URL can't be read: write "postgres://user:password@host:5432/database", with a port from 1 to 65535`},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.variable != "" {
				t.Setenv(row.variable, row.value)
			}
			_, _, err := postgres.Migrate(t.Context(), postgres.Config{URL: row.url})
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "URL can't be read") != strings.Contains(row.want, "URL can't be read") {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the password is shown: %v", err)
			}
		})
	}
}
