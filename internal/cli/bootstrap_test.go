package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/testdb"
)

// generated returns a token that 'ration tokens generate' prints, which leaves no
// database behind.
func generated(t *testing.T) string {
	t.Helper()
	got := runIn(t, []string{"RATION_DB=sqlite:" + filepath.Join(t.TempDir(), "none", "ration.db")}, "tokens", "generate")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "rk_token_") {
		t.Fatalf("generated %+v", got)
	}
	return strings.TrimSpace(got.stdout)
}

// TestBootstrapByFileHappensOnce starts a server several times, also after the token
// was revoked.
func TestBootstrapByFileHappensOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	token := generated(t)
	writeFile(t, "first", token+"\n", 0o600)
	start := func(want string) {
		t.Helper()
		server := startServer(t, nil, "--bootstrap-token-file", "first")
		server.log.await(t, want)
		tokens := runIn(t, nil, "tokens", "list", "-o", "csv").stdout
		if strings.Count(tokens, "\nbootstrap,admin,") != 1 {
			t.Errorf("tokens:\n%s", tokens)
		}
		if done := server.stop(); strings.Contains(done.stderr, token) || strings.Count(done.stderr, "are ignored") != 1 {
			t.Errorf("it says %s", done.stderr)
		}
	}
	start("made the first service token of scope admin")
	start("are ignored, because a service token of scope admin was made before")
	if got := runIn(t, nil, "tokens", "revoke", "bootstrap", "--yes"); got.code != 0 {
		t.Fatal(got.stderr)
	}
	start("are ignored, because a service token of scope admin was made before")
}

// TestBootstrapOnceForAllInstances starts two at the same moment, while the database
// is away.
func TestBootstrapOnceForAllInstances(t *testing.T) {
	database := testdb.Postgres(t)
	way := newGate(t, database)
	environment := []string{"RATION_DB=" + way.url, "RATION_BOOTSTRAP_TOKEN=" + generated(t)}
	servers := []*serving{startServer(t, environment), startServer(t, environment)}
	way.open.Store(true)
	for _, server := range servers {
		server.log.await(t, "the database is there")
	}
	made := 0
	for _, server := range servers {
		made += strings.Count(server.stop().stderr, "made the first service token of scope admin")
	}
	if tokens := must(t, database, "tokens", "list", "-o", "csv"); made != 1 || strings.Count(tokens, "bootstrap,admin,") != 1 {
		t.Errorf("%d instances made the token:\n%s", made, tokens)
	}
}

func TestBootstrapRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	token, advice := generated(t), "Ration did not make this token, or it was cut off; use one that 'ration tokens generate' prints"
	writeFile(t, "open", token, 0o644)
	writeFile(t, "empty", "\n", 0o600)
	writeFile(t, "password", "hunter2-hunter2-hunter2", 0o600)
	writeFile(t, "key", ration.NewSecret("rk").Reveal(), 0o600)
	writeFile(t, "good", token, 0o600)
	for _, row := range []struct {
		file, variable string
		says           string
	}{
		{file: "none", says: "no such file or directory"},
		{file: "open", says: "other users can read it; run chmod 600 on it"},
		{file: "empty", says: "it is empty; put in it what 'ration tokens generate' prints"},
		{file: "password", says: advice},
		{file: "key", says: advice},
		{variable: "hunter2-hunter2-hunter2", says: "RATION_BOOTSTRAP_TOKEN: " + advice},
		{variable: token[:20], says: advice},
		{variable: "empty", says: "RATION_BOOTSTRAP_TOKEN: is set but empty"},
		{file: "good", variable: token, says: "use one of the two"},
	} {
		args, environment := []string{"serve"}, []string(nil)
		if row.file != "" {
			args = append(args, "--bootstrap-token-file", row.file)
		}
		if row.variable != "" {
			environment = []string{"RATION_BOOTSTRAP_TOKEN=" + strings.TrimPrefix(row.variable, "empty")}
		}
		got := runIn(t, environment, args...)
		wants(t, got, 3, row.says)
		if strings.Contains(got.stderr, token[:20]) {
			t.Errorf("it shows the token: %s", got.stderr)
		}
	}
	if got := runIn(t, nil, "tokens", "list"); got.code == 0 {
		t.Errorf("a database was made: %s", got.stdout)
	}
}
