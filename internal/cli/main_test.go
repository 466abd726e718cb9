package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

// invocation is one run of the command line and what came of it.
type invocation struct {
	code           int
	stdout, stderr string
}

// invoke runs the command line on a database.
func invoke(t *testing.T, database string, args ...string) invocation {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), args, strings.NewReader(""), &stdout, &stderr, []string{"RATION_DB=" + database})
	return invocation{code, stdout.String(), stderr.String()}
}

// must runs the command line, which must succeed, and returns what it printed.
func must(t *testing.T, database string, args ...string) string {
	t.Helper()
	done := invoke(t, database, args...)
	if done.code != 0 {
		t.Fatalf("ration %s: exit code %d: %s", strings.Join(args, " "), done.code, done.stderr)
	}
	return strings.TrimSpace(done.stdout)
}

// TestCommandsOnPostgres runs each kind of command on the other store. What the
// commands mean is tested once, by the scripts.
func TestCommandsOnPostgres(t *testing.T) {
	url := testdb.Postgres(t)
	if early := invoke(t, url, "keys", "list"); early.code != 6 || !strings.Contains(early.stderr, "run 'ration migrate'") {
		t.Errorf("before the migration: %+v; want exit code 6 and advice", early)
	}
	must(t, url, "plans", "create", "free", "--limit", "5/day")
	secret := must(t, url, "keys", "create", "k", "--plan", "free", "--owner", "alice", "--scope", "a")
	id := must(t, url, "keys", "list", "-q")
	must(t, url, "keys", "update", id, "--limit", "9/day", "--until", "2100-01-01")
	must(t, url, "keys", "rotate", id, "--overlap", "24h")
	must(t, url, "keys", "disable", id)
	must(t, url, "tokens", "create", "gateway", "--scope", "verify")
	must(t, url, "usage")
	password := passwordOf(t, url)
	for _, format := range []string{"table", "json", "csv"} {
		if found := invoke(t, url, "doctor", "--accept-unsafe-durability", "-o", format); found.code != 0 || strings.Contains(found.stdout+found.stderr, password) {
			t.Errorf("doctor shows a password: %+v", found)
		} else if !strings.Contains(found.stdout, "accept_unsafe_durability gives up the promise that no answered charge is lost") {
			t.Errorf("doctor says %s; want what a setting gives up", found.stdout)
		}
	}
	if found := must(t, url, "doctor", "-o", "csv"); !strings.Contains(found, "on PostgreSQL 1") || strings.Count(found, ",ok,") != 18 {
		t.Errorf("doctor says %s; want 18 checks that are ok", found)
	}

	var status api.KeyStatus
	shown := must(t, url, "keys", "show", id, "-o", "json")
	if err := json.Unmarshal([]byte(shown), &status); err != nil {
		t.Fatal(err)
	}
	if status.Status != "disabled" || len(status.Limits) != 1 || status.Limits[0].Remaining != "9" || len(status.Secrets) != 2 {
		t.Errorf("key %s; want it disabled, with 9 remaining and two secrets", shown)
	}
	audit := must(t, url, "audit", "-o", "csv")
	if lines := strings.Count(audit, "\n"); lines != 6 {
		t.Errorf("%d audit entries; want 6:\n%s", lines, audit)
	}
	if strings.Contains(shown+audit, secret) {
		t.Error("a secret is shown again")
	}
	if conflict := invoke(t, url, "plans", "delete", "free", "--yes"); conflict.code != 1 || !strings.Contains(conflict.stderr, "keys still have plan") {
		t.Errorf("deleting a plan in use: %+v", conflict)
	}
	if migrated, own := must(t, url, "migrate", "-o", "csv"), postgres.SchemaVersion(); !strings.Contains(migrated, fmt.Sprintf("%d,%d", own, own)) {
		t.Errorf("migrating again: %s; want no change", migrated)
	}
}

func passwordOf(t *testing.T, location string) string {
	t.Helper()
	parsed, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	password, given := parsed.User.Password()
	if !given {
		t.Fatal("the URL has no password that could be shown")
	}
	return password
}

// TestCommandsAtTheSameTime: each waits until the file is free.
func TestCommandsAtTheSameTime(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	const commands = 8
	var all sync.WaitGroup
	for range commands {
		all.Go(func() {
			if done := invoke(t, database, "keys", "create", "k"); done.code != 0 {
				t.Errorf("exit code %d: %s", done.code, done.stderr)
			}
		})
	}
	all.Wait()
	if ids := strings.Fields(must(t, database, "keys", "list", "-q")); len(ids) != commands {
		t.Errorf("%d keys; want %d", len(ids), commands)
	}
}

// TestEveryCommandIsDescribed walks through all help texts.
func TestEveryCommandIsDescribed(t *testing.T) {
	for _, words := range runnable() {
		for depth := 1; depth <= len(words); depth++ {
			if cmd, _, err := cli.Command(words[:depth]...); err != nil || cmd.Short == "" {
				t.Errorf("%v has no description: %v", words[:depth], err)
			}
		}
	}
}
