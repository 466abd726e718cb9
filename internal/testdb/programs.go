package testdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// minVersion is the oldest major version of PostgreSQL that Ration supports.
const minVersion = 15

// errNotInstalled tells how to get what the tests need.
var errNotInstalled = fmt.Errorf("PostgreSQL %d or later is not installed; run: "+
	"sudo apt-get install --yes postgresql (or brew install postgresql)", minVersion)

// findPrograms returns the directory with the newest PostgreSQL server programs
// on this machine. PATH comes last because distributions keep servers out of it
// and a client's initdb would be of no use.
func findPrograms(ctx context.Context) (string, error) {
	var found error
	for _, dir := range programDirs(ctx) {
		version, err := majorVersion(ctx, dir)
		switch {
		case err != nil:
			continue
		case version < minVersion:
			found = fmt.Errorf("%s has PostgreSQL %d", dir, version)
		default:
			return dir, nil
		}
	}
	return "", errors.Join(errNotInstalled, found)
}

func programDirs(ctx context.Context) []string {
	var dirs []string
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	packaged, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(packaged, func(a, b string) int { return packagedVersion(b) - packagedVersion(a) })
	dirs = append(dirs, packaged...)
	if path, err := exec.LookPath("postgres"); err == nil {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(resolved))
		}
	}
	return dirs
}

// packagedVersion reads the version out of Debian's /usr/lib/postgresql/15/bin.
func packagedVersion(dir string) int {
	version, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return version
}

// majorVersion asks the server in dir for its version ("postgres (PostgreSQL)
// 15.18 (Debian …)") and makes sure that initdb is beside it.
func majorVersion(ctx context.Context, dir string) (int, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0, fmt.Errorf("looking for initdb: %w", err)
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("asking postgres for its version: %w", err)
	}
	_, text, _ := strings.Cut(string(out), "(PostgreSQL) ")
	digits := strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' })
	version, err := strconv.Atoi(text[:max(digits, 0)])
	if err != nil {
		return 0, fmt.Errorf("reading the version in %q: %w", out, err)
	}
	return version, nil
}
