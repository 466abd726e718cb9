package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// TestProfiles names a server, uses it and removes it.
func TestProfiles(t *testing.T) {
	a := newAsking(t)
	var sent []string
	url := answering(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Authorization"))
		refusing(401, "token_invalid", "The service token is not valid.")(w, r)
	})
	run := func(want int, stdin string, args ...string) invocation {
		t.Helper()
		done := a.run(t.Context(), stdin, args...)
		if done.code != want {
			t.Fatalf("ration %s: %+v; want exit code %d", strings.Join(args, " "), done, want)
		}
		return done
	}
	path := filepath.Join(a.home, "config", "ration", "profiles.yaml")

	run(0, "", "config", "profiles", "add", "far", "--server", url+"/", "--token-file", a.token)
	run(0, "rk_token_y\n", "config", "profiles", "add", "near", "--server", url)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the profiles: %v, %v; want mode 0600", info, err)
	}
	run(2, "", "config", "profiles", "add", "far", "--server", url, "--token-file", a.token)
	run(0, "", "config", "profiles", "add", "far", "--server", url, "--token-file", a.token, "--replace")
	if listed := run(0, "", "config", "profiles", "list", "-o", "csv"); !strings.Contains(listed.stdout, "far,no,"+url+","+a.token+",") || !strings.Contains(listed.stdout, "near,no,"+url+",in "+path+",") || strings.Contains(listed.stdout, "rk_token_y") {
		t.Errorf("%s", listed.stdout)
	}

	refused := run(8, "", "plans", "list", "--profile", "far")
	if !strings.Contains(refused.stderr, url+` (profile "far"): `) || !strings.Contains(refused.stderr, "token_file "+a.token) {
		t.Errorf("%s; want the profile and its token's file", refused.stderr)
	}
	if near := run(8, "", "plans", "list", "--profile", "near"); strings.Contains(near.stderr, "rk_token_y") || sent[1] != "Bearer rk_token_y" || sent[0] != "Bearer rk_token_x" {
		t.Errorf("%s with the tokens %q", near.stderr, sent)
	}
	if typo := run(3, "", "plans", "list", "--profile", "fra"); !strings.Contains(typo.stderr, `did you mean "far"?`) {
		t.Errorf("%s", typo.stderr)
	}

	run(0, "", "config", "profiles", "use", "near")
	if shown := run(0, "", "config", "explain"); !strings.Contains(shown.stdout, url) || !strings.Contains(shown.stdout, "the profile in use") || !strings.Contains(shown.stdout, "near") {
		t.Errorf("%s", shown.stdout)
	}
	run(8, "", "plans", "list")
	if needs := run(2, "", "backup", "x.db"); !strings.Contains(needs.stderr, `the profile in use is "near", the server `+url) {
		t.Errorf("%s", needs.stderr)
	}
	run(4, "", "plans", "list", "--db", "sqlite:"+filepath.Join(a.home, "none.db"))
	run(0, "", "config", "profiles", "use", "--none")
	if shown := run(0, "", "config", "explain"); !strings.Contains(shown.stdout, "SQLite file") || !strings.Contains(shown.stdout, "nothing names another one") {
		t.Errorf("%s", shown.stdout)
	}
	run(0, "", "config", "profiles", "use", "far")
	run(0, "", "config", "profiles", "remove", "far")
	run(2, "", "config", "profiles", "remove", "far")
	if listed := run(0, "", "config", "profiles", "list", "-o", "json"); strings.Contains(listed.stdout, "far") || !strings.Contains(listed.stdout, `"in_use": false`) {
		t.Errorf("%s", listed.stdout)
	}

	if err := os.Chmod(path, 0o640); err != nil { //nolint:gosec // what is refused
		t.Fatal(err)
	}
	if open := run(3, "", "config", "profiles", "list"); !strings.Contains(open.stderr, "run chmod 600 on it") {
		t.Errorf("%s", open.stderr)
	}
}

func TestProfilesThatCannotBe(t *testing.T) {
	a := newAsking(t)
	for _, row := range []struct {
		stdin string
		args  []string
		code  int
		want  string
	}{
		{"", []string{"far", "--token-file", a.token}, 2, "name the server with --server"},
		{"", []string{"far", "--server", "https://ration.example.com"}, 2, "the standard input is empty"},
		{"two words", []string{"far", "--server", "https://ration.example.com"}, 2, "more than one word"},
		{"", []string{"far away", "--server", "https://ration.example.com", "--token-file", a.token}, 2, "letters, digits"},
		{"", []string{"far", "--server", "http://ration.example.com", "--token-file", a.token}, 3, "plain text"},
		{"", []string{"far", "--server", "https://ration.example.com", "--token-file", filepath.Join(a.home, "none")}, 3, "no such file"},
	} {
		done := a.run(t.Context(), row.stdin, append([]string{"config", "profiles", "add"}, row.args...)...)
		if done.code != row.code || !strings.Contains(done.stderr, row.want) || strings.Contains(done.stderr, "two words") {
			t.Errorf("%q: %+v; want exit code %d and %q", row.args, done, row.code, row.want)
		}
	}
	if listed := a.run(t.Context(), "", "config", "profiles", "list", "-o", "json"); strings.TrimSpace(listed.stdout) != "[]" {
		t.Errorf("%+v; want no profile", listed)
	}
}

// TestWhatCommandsWorkOn: the command line counts before the environment, that before the
// file, and that before the profile in use.
func TestWhatCommandsWorkOn(t *testing.T) {
	a := newAsking(t)
	file := filepath.Join(a.home, "ration.yaml")
	if err := os.WriteFile(file, []byte("server: https://file.example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(a.home, "other")
	if err := os.WriteFile(other, []byte("rk_token_other"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.run(t.Context(), "", "config", "profiles", "add", "used", "--server", "https://profile.example.com", "--token-file", a.token, "--use")
	for _, row := range []struct {
		environment, args []string
		want              string // of the JSON; of the error
	}{
		{nil, nil, `"name": "https://profile.example.com"`},
		{nil, []string{"--config", file}, `"name": "https://file.example.com"`},
		{[]string{"RATION_DB=sqlite:/x.db"}, []string{"--config", file}, `"name": "SQLite file /x.db"`},
		{[]string{"RATION_SERVER=https://variable.example.com", "RATION_ADMIN_TOKEN=rk_token_z"}, []string{"--config", file}, `"because": "RATION_SERVER"`},
		{[]string{"RATION_SERVER=https://variable.example.com", "RATION_ADMIN_TOKEN=rk_token_z"}, nil, `"token": "RATION_ADMIN_TOKEN"`},
		{[]string{"RATION_SERVER=https://variable.example.com", "RATION_ADMIN_TOKEN=rk_token_z"}, []string{"--token-file", a.token}, `"token": "token_file ` + a.token + `"`},
		{[]string{"RATION_SERVER=https://variable.example.com"}, []string{"--db", "sqlite:/x.db"}, `"because": "--db"`},
		{[]string{"RATION_PROFILE=used"}, []string{"--server", "https://flag.example.com"}, `"name": "https://flag.example.com"`},
		{[]string{"RATION_PROFILE=used"}, nil, `"because": "RATION_PROFILE"`},
		{[]string{"RATION_TOKEN_FILE=" + other}, []string{"--profile", "used"}, `"token": "token_file ` + a.token + `"`},
		{nil, []string{"--profile", "used", "--token-file", other}, `"token": "token_file ` + other + `"`},
		{[]string{"RATION_PROFILE=used", "RATION_SERVER=https://variable.example.com"}, nil, "RATION_PROFILE: contradicts RATION_SERVER"},
		{nil, []string{"--profile", "used", "--db", "sqlite:/x.db"}, "--profile: contradicts --db"},
		{nil, []string{"--profile", "none"}, `--profile: there is no profile "none"`},
	} {
		var stdout, stderr strings.Builder
		environment := append([]string{"XDG_CONFIG_HOME=" + filepath.Join(a.home, "config")}, row.environment...)
		code := cli.Main(t.Context(), append([]string{"config", "explain", "-o", "json"}, row.args...), strings.NewReader(""), &stdout, &stderr, environment)
		if text := stdout.String() + stderr.String(); !strings.Contains(text, row.want) || strings.Contains(text, "rk_token") || (code == 0) != strings.HasPrefix(row.want, `"`) {
			t.Errorf("%q %q: exit code %d, %s; want %s", row.environment, row.args, code, text, row.want)
		}
	}
}
