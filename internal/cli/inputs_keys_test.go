package cli_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
)

var keyInputs = []input{
	{
		name: "expiry with no zone", args: []string{"keys", "create", "k", "--expires", "2100-01-01T00:00:00"},
		code: 2, says: []string{`--expires is "2100-01-01T00:00:00": use a date such as 2030-01-31 (from midnight UTC) or a time with its zone such as 2030-01-31T12:00:00+01:00`},
	}, {
		name: "expiry in year 10000", args: []string{"keys", "create", "k", "--expires", "10000-01-01"},
		code: 2, says: []string{`--expires is "10000-01-01": use a date such as 2030-01-31`},
	}, {
		name: "-o xml", args: []string{"keys", "list", "-o", "xml"},
		code: 2, says: []string{`invalid argument "xml" for "-o, --output" flag: use table, json or csv`},
	},
}

// refusals are commands that need a database to be refused, and don't change it.
var refusals = []input{
	{name: "name empty", args: []string{"keys", "create", ""}, says: []string{"name: use 1 to 200 characters"}},
	{name: "name of 10k chars", args: []string{"keys", "create", strings.Repeat("n", 10_000)}, says: []string{`name is "nnnnn`, "…", "use 1 to 200 characters"}},
	{name: "name with a control character", args: []string{"keys", "create", "a\x1b[2Jb"}, says: []string{`name is "a\x1b[2Jb"`, "control characters, line breaks and text direction controls are not allowed"}},
	{name: "name with a bidi override", args: []string{"keys", "create", "a\u202eb"}, says: []string{`name is "a\u202eb"`, "control characters, line breaks and text direction controls are not allowed"}},
	{name: "name with invalid UTF-8", args: []string{"keys", "create", "a\xffb"}, says: []string{`name is "a\xffb"`}},
	{name: "expiry in the past", args: []string{"keys", "create", "k", "--expires", "2001-01-01"}, says: []string{`expires_at is "2001-01-01T00:00:00Z": use a time after now and before the year 10000`}},
	{name: "a token's expiry in the past", args: []string{"tokens", "create", "t", "--scope", "verify", "--expires", "2001-01-01"}, says: []string{`expires_at is "2001-01-01T00:00:00Z"`}},
	{name: "list limit=0", args: []string{"keys", "list", "--max", "0"}, says: []string{`limit is "0": use 1 to 100000`}},
	{name: "list limit=1e9", args: []string{"keys", "list", "--max", "1000000000"}, says: []string{"use 1 to 100000"}},
	{name: "list cursor tampered", args: []string{"keys", "list", "--after", "id;drop"}, says: []string{`key is "id;drop": a key id looks like`}},
}

var keyBehaviours = []behaviour{
	{"name and expiry that are refused", func(t *testing.T) {
		t.Chdir(t.TempDir())
		must(t, "sqlite:ration.db", "migrate")
		for _, row := range refusals {
			t.Run(row.name, func(t *testing.T) { wants(t, runIn(t, nil, row.args...), 2, row.says...) })
		}
		if made := must(t, "sqlite:ration.db", "audit", "-o", "json"); made != "[]" {
			t.Errorf("audit %s; want nothing changed", made)
		}
	}},
	{"name <script>, =cmd(), ../", func(t *testing.T) {
		t.Chdir(t.TempDir())
		names := []string{"<script>alert(1)</script>", `=cmd("calc")`, "../../passwd", "@SUM(A1)", "+1", "-1", "a,b\"c"}
		for _, name := range names {
			must(t, "sqlite:ration.db", "keys", "create", "--", name)
		}
		table, json, csv := must(t, "sqlite:ration.db", "keys", "list"), must(t, "sqlite:ration.db", "keys", "list", "-o", "json"), must(t, "sqlite:ration.db", "keys", "list", "-o", "csv")
		for _, in := range []struct{ kind, text, want string }{
			{"table", table, `=cmd("calc")`},
			{"json", json, `"name": "=cmd(\"calc\")"`},
			{"json", json, `"name": "../../passwd"`},
			{"csv", csv, `,"'=cmd(""calc"")",`},
			{"csv", csv, ",'@SUM(A1),"},
			{"csv", csv, ",'+1,"},
			{"csv", csv, ",'-1,"},
			{"csv", csv, `,"a,b""c",`},
			{"csv", csv, ",<script>alert(1)</script>,"},
		} {
			if !strings.Contains(in.text, in.want) {
				t.Errorf("%s %s; want %s in it", in.kind, in.text, in.want)
			}
		}
		if _, err := os.Stat("../../passwd"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a name was a path: %v", err)
		}
	}},
	{"revoke twice", func(t *testing.T) {
		t.Chdir(t.TempDir())
		must(t, "sqlite:ration.db", "keys", "create", "k")
		id := must(t, "sqlite:ration.db", "keys", "list", "-q")
		first := must(t, "sqlite:ration.db", "keys", "revoke", id, "--yes", "-o", "json")
		second := must(t, "sqlite:ration.db", "keys", "revoke", id, "--yes", "-o", "json")
		if first != second || !strings.Contains(first, `"revoked"`) {
			t.Errorf("first %s, then %s; want the same answer", first, second)
		}
		if audit := must(t, "sqlite:ration.db", "audit", "-o", "csv"); strings.Count(audit, "key.revoke") != 1 {
			t.Errorf("audit %s; want one revocation", audit)
		}
	}},
	{"import: plain key vs digest mixed", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "keys.csv", "secret,name\nhunter2-in-the-form-of-another-system,A\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef,B\n", 0o600)
		got := runIn(t, nil, "keys", "import", "keys.csv")
		wants(t, got, 1, "nothing was imported", "row 2 (line 3), secret: it looks like a SHA-256 digest among plain secrets")
		if strings.Contains(got.stderr, "0123456789abcdef") {
			t.Errorf("it shows a digest: %s", got.stderr)
		}
	}},
	{"import: wrong digest length", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "keys.csv", "secret,name\n0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde,B\n", 0o600)
		writeFile(t, "import.yaml", "secret: secret\nsecret_form: sha256\nname: name\n", 0o600)
		got := runIn(t, nil, "keys", "import", "keys.csv", "--mapping", "import.yaml")
		wants(t, got, 1, "row 1 (line 2), secret: a SHA-256 digest has 64 hexadecimal digits; these are 63 bytes")
		if strings.Contains(got.stderr, "0123456789abcdef") {
			t.Errorf("it shows a digest: %s", got.stderr)
		}
	}},
	{"import: our prefix with a wrong checksum", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "keys.csv", "secret,name\nrk_hunter2hunter2hunter2hunter2hunter2hunt,A\n", 0o600)
		wants(t, runIn(t, nil, "keys", "import", "keys.csv"), 0, `row 1 (line 2), secret: it begins with "rk_"`)
	}},
	{"CLI without a terminal asked to confirm delete", func(t *testing.T) {
		t.Chdir(t.TempDir())
		must(t, "sqlite:ration.db", "plans", "create", "free", "--limit", "5/day")
		wants(t, runIn(t, nil, "plans", "delete", "free"), 2, "free", "Without a terminal to ask at, give --yes")
		if plans := must(t, "sqlite:ration.db", "plans", "list", "-o", "csv"); !strings.Contains(plans, "free") {
			t.Errorf("plans %s; want it kept", plans)
		}
	}},
	{"our prefix with a wrong checksum", func(t *testing.T) {
		t.Chdir(t.TempDir())
		token := must(t, "sqlite:ration.db", "tokens", "create", "gateway", "--scope", "verify", "-q")
		secret := must(t, "sqlite:ration.db", "keys", "create", "k", "-q")
		running := startServer(t, nil)
		if answer := verify(t, running, token, secret); !strings.Contains(answer, `"allowed":true`) {
			t.Errorf("answer %s; want the key allowed", answer)
		}
		last := map[bool]string{true: "1", false: "0"}[strings.HasSuffix(secret, "0")]
		wrong := secret[:len(secret)-1] + last
		if answer := verify(t, running, token, wrong); !strings.Contains(answer, `"code":"key_unknown"`) || !strings.Contains(answer, `"status":401`) {
			t.Errorf("answer %s; want 401", answer)
		}
		wants(t, running.stop(), 0)
	}},
}

// verify asks a server about a secret.
func verify(t *testing.T, server *serving, token, secret string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.api+"/v1/verify", strings.NewReader(`{"secret": "`+secret+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	return answerTo(t, request)
}
