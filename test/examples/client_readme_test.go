//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// TestTheClientsREADMEsWork follows each client's page in an empty directory: it installs
// the client, starts a server, and runs all of the page's code as one program.
func TestTheClientsREADMEsWork(t *testing.T) {
	for _, page := range []struct {
		client, language string
		before           string // what the reader has: an environment, and other packages
		program, run     string
		check            string // code after that of the page
		want             []string
	}{
		{
			client: "python", language: "python", program: "program.py", run: "python program.py",
			before: `"$PYTHON" -m venv --system-site-packages --without-pip venv; . venv/bin/activate; pip() { python -m pip "$@"; }` + "\n",
			check: `
from flask import request
app.add_url_rule("/", view_func=lambda: "hello")
answers = [app.test_client().get("/", headers={"X-API-Key": secret}) for secret in ("", admin.create_key("Bob", plan="free").secret)]
print([(answer.status_code, answer.headers.get("RateLimit")) for answer in answers], repr(issued))
`,
			want: []string{`requests-day 98 `, `tokens-day 18`, `\[\(401, None\), \(200, '"requests-day";r=99;`, `secret_id='sec_[^']*'\)`},
		},
		{
			client: "typescript", language: "js", program: "program.mjs", run: "ln -s /usr/share/nodejs/express node_modules/express\nnode program.mjs",
			check: "console.log(issued);\n",
			want:  []string{`requests-day 98 `, `tokens-day 18`, `secret: '\[redacted\]'`},
		},
	} {
		t.Run(page.client, func(t *testing.T) {
			t.Parallel()
			dir, bin := t.TempDir(), t.TempDir()
			link(t, harness.Binary(t), filepath.Join(bin, "ration"))
			if err := os.CopyFS(filepath.Join(dir, "clients", page.client), os.DirFS("../../clients/"+page.client)); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile("../../clients/" + page.client + "/README.md")
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, page.program), strings.ReplaceAll(strings.Join(blocksOf(string(text), page.language), "\n"), "…", "5")+page.check)

			api, admin := harness.FreeAddr(t), harness.FreeAddr(t)
			environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
			environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "no_proxy=127.0.0.1", "npm_config_offline=true",
				"PYTHON="+pythonWith(t, "setuptools", "wheel", "pip", "fastapi", "flask"), "PIP_NO_INDEX=1", "PIP_NO_BUILD_ISOLATION=0", "PIP_QUIET=1", "NODE_PATH=/usr/share/nodejs",
				"RATION_API_LISTEN="+api, "RATION_ADMIN_LISTEN="+admin, "RATION_URL=http://"+api, "RATION_ADMIN_URL=http://"+admin)
			printed := runShell(t, dir, page.before+strings.Join(blocksOf(string(text), "sh"), "\n")+page.run+"\n", environment)
			for _, pattern := range page.want {
				if !regexp.MustCompile(pattern).MatchString(printed) {
					t.Errorf("%q is not in:\n%s", pattern, printed)
				}
			}
			if regexp.MustCompile(`rk_\w{20}`).MatchString(printed) { // more than the start of one
				t.Errorf("a secret was printed:\n%s", printed)
			}
		})
	}
}

// blocksOf returns a page's blocks of code in a language.
func blocksOf(page, language string) (blocks []string) {
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, block[1])
	}
	return blocks
}
