//go:build unix

package cli_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// diagnose runs doctor and returns the row of one check: its name, state, detail
// and advice.
func diagnose(t *testing.T, database, check string, code int, args ...string) (state, detail, advice string) {
	t.Helper()
	done := invoke(t, database, append([]string{"doctor", "-o", "csv"}, args...)...)
	wants(t, done, code)
	rows, err := csv.NewReader(strings.NewReader(done.stdout)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row[0] == check {
			return row[1], row[2], row[3]
		}
	}
	t.Fatalf("doctor says nothing of %s: %s", check, done.stdout)
	return "", "", ""
}

func TestDoctorSeesWhoCanUseTheFiles(t *testing.T) {
	for name, row := range map[string]struct {
		change func(t *testing.T, directory string)
		args   string
		code   int
		state  string
		detail string
		advice string // with the directory as %
	}{
		"nothing is open": {func(*testing.T, string) {}, "", 0, "ok", "no file that only its owner should use is open to others", ""},
		"database": {func(t *testing.T, directory string) {
			setMode(t, filepath.Join(directory, "ration.db"), 0o644)
		}, "", 7, "problem", "users other than its owner can use %/ration.db (mode 0644)", "chmod 600 %/ration.db"},
		"database of a group": {func(t *testing.T, directory string) {
			setMode(t, filepath.Join(directory, "ration.db"), 0o640)
		}, "", 7, "problem", "%/ration.db (mode 0640)", "chmod 600 %/ration.db"},
		"lock": {func(t *testing.T, directory string) {
			setMode(t, filepath.Join(directory, "ration.db.lock"), 0o666)
		}, "", 7, "problem", "%/ration.db.lock (mode 0666)", "chmod 600 %/ration.db.lock"},
		"directory": {func(t *testing.T, directory string) {
			setMode(t, directory, 0o777)
		}, "", 7, "problem", "others can create files next to the database in % (mode 0777)", "run: chmod go-w %"},
		"directory of a group": {func(t *testing.T, directory string) {
			setMode(t, directory, 0o770)
		}, "", 0, "warning", "its group can create files next to the database in % (mode 0770)", "run: chmod go-w %"},
		"directory of everybody": {func(t *testing.T, directory string) {
			setMode(t, directory, 0o777|os.ModeSticky)
		}, "", 7, "problem", "others can create files next to", "mkdir -m 700 %/ration-data && mv %/ration.db* %/ration-data/"},
		"configuration without a secret": {func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "ration.yaml"), "lanes: 1\n", 0o644)
		}, "--config %/ration.yaml", 0, "ok", "", ""},
		"configuration that others can change": {func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "ration.yaml"), "lanes: 1\n", 0o646)
		}, "--config %/ration.yaml", 7, "problem", "others can change %/ration.yaml (mode 0646)", "chmod o= %/ration.yaml"},
		"configuration with a header": {func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "ration.yaml"), "upstream_headers: {X-Token: hunter2}\n", 0o644)
		}, "--config %/ration.yaml", 7, "problem", "others can read %/ration.yaml (mode 0644), which contains secrets (upstream_headers)", "chmod o= %/ration.yaml"},
		"configuration with a header for a group": {func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "ration.yaml"), "upstream_headers: {X-Token: hunter2}\n", 0o640)
		}, "--config %/ration.yaml", 0, "ok", "", ""},
		"configuration with a password that doesn't count": {func(t *testing.T, directory string) {
			writeFile(t, filepath.Join(directory, "ration.yaml"), "db: postgres://ration:hunter2@127.0.0.1/ration\n", 0o604)
		}, "--config %/ration.yaml", 7, "problem", "which contains secrets (db)", "chmod o= %/ration.yaml"},
		"several": {func(t *testing.T, directory string) {
			setMode(t, filepath.Join(directory, "ration.db"), 0o604)
			setMode(t, directory, 0o777)
		}, "", 7, "problem", "(mode 0604); others can create", "run: chmod 600 %/ration.db %/ration.db-wal %/ration.db-shm; chmod go-w %"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := resolved(t, t.TempDir())
			setMode(t, directory, 0o700)
			database := "sqlite:" + filepath.Join(directory, "ration.db")
			must(t, database, "migrate")
			row.change(t, directory)
			here := strings.NewReplacer("%", directory)
			state, detail, advice := diagnose(t, database, "permissions", row.code, strings.Fields(here.Replace(row.args))...)
			if state != row.state || !strings.Contains(detail, here.Replace(row.detail)) || !strings.Contains(advice, here.Replace(row.advice)) {
				t.Errorf("%s: %q, %q; want %s: %q, %q", state, detail, advice, row.state, row.detail, row.advice)
			}
			if (state == "ok") != (advice == "") {
				t.Errorf("%s, with the advice %q", state, advice)
			}
		})
	}
}

// The socket of a running server is found beside the database or elsewhere, by
// whatever name the database has.
func TestDoctorSeesAnOpenSocketThroughALink(t *testing.T) {
	t.Chdir(t.TempDir())
	setMode(t, ".", 0o700)
	must(t, "sqlite:ration.db", "migrate")
	if err := os.Symlink("ration.db", "link.db"); err != nil {
		t.Fatal(err)
	}
	running := startServer(t, nil)
	diagnose(t, "sqlite:link.db", "permissions", 0)
	setMode(t, "ration.db.sock", 0o666)
	if _, detail, _ := diagnose(t, "sqlite:link.db", "permissions", 7); !strings.Contains(detail, "ration.db.sock (mode 0666)") {
		t.Errorf("doctor says %q", detail)
	}
	wants(t, running.stop(), 0)
}

func TestCommandsOfAnAdviceAreWordsForAShell(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib/ration/ration.db": "/var/lib/ration/ration.db",
		"/home/a b/ration.db":       "'/home/a b/ration.db'",
		"/tmp/$(reboot)":            "'/tmp/$(reboot)'",
		"/tmp/it's":                 `'/tmp/it'\''s'`,
	} {
		if got := cli.ShellWord(path); got != want {
			t.Errorf("%s is quoted as %s, want %s", path, got, want)
		}
	}
}

func resolved(t *testing.T, path string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}
