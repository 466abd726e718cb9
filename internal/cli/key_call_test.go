package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testcert"
)

// TestNewKeyComesWithACallThatWorks runs the curl line in a shell, against a server
// with the same settings.
func TestNewKeyComesWithACallThatWorks(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path)
	}))
	defer upstream.Close()
	cert, key := testcert.New(t, "localhost", time.Now().Add(time.Hour)).Write(t, t.TempDir())
	tls := "tls_cert_file: " + cert + "\ntls_key_file: " + key + "\n"
	proxied := "upstream: " + upstream.URL + "\n"
	for _, row := range []struct{ name, settings, answer string }{
		{"proxy", proxied, "GET /"},
		{"another header", proxied + "key_header: apikey\n", "GET /"},
		{"routes", proxied + "refuse_unmatched: true\nroutes:\n  - {path: /open, free: true}\n  - {path: '/any/*'}\n  - {path: /ask, methods: [POST]}\n", "POST /ask"},
		{"TLS", proxied + tls, "GET /"},
		{"verify API", "log_level: info\n", `"allowed":true`},
	} {
		t.Run(row.name, func(t *testing.T) {
			place := t.TempDir()
			database := "sqlite:" + filepath.Join(place, "ration.db")
			file := filepath.Join(place, "ration.yaml")
			writeFile(t, file, row.settings, 0o600)
			server := startServer(t, nil, "--db", database, "--config", file, "--listen", "127.0.0.1:0")
			listening := "api_listen: " + strings.TrimPrefix(server.api, "http://") + "\n"
			if strings.Contains(row.settings, "upstream") {
				listening += "listen: " + regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(server.log.await(t, "serving the proxy"))[1] + "\n"
			}
			writeFile(t, file, row.settings+listening, 0o600)
			token := must(t, database, "tokens", "create", "app", "--scope", "verify")

			apart := invoke(t, database, "keys", "create", "apart", "--unlimited", "--config", file)
			secret := strings.TrimSpace(apart.stdout)
			if strings.Contains(apart.stderr, secret) {
				t.Errorf("the secret is also on the standard error: %s", apart.stderr)
			}
			var both bytes.Buffer
			if code := cli.Main(t.Context(), []string{"keys", "create", "together", "--unlimited", "--config", file, "--db", database}, strings.NewReader(""), &both, &both, nil); code != 0 {
				t.Fatalf("exit code %d: %s", code, &both)
			}
			for _, said := range []string{apart.stderr, both.String()} {
				lines := strings.Split(strings.TrimSpace(said), "\n")
				shell := exec.CommandContext(t.Context(), "bash", "-c", lines[len(lines)-1])
				shell.Env = append(os.Environ(), "SECRET="+secret, "TOKEN="+token, "CURL_CA_BUNDLE="+cert)
				answer, err := shell.CombinedOutput()
				if err != nil || !strings.Contains(string(answer), " 200 OK") || !strings.Contains(string(answer), row.answer) {
					t.Errorf("%s\n%s%v; want %q", lines[len(lines)-1], answer, err, row.answer)
				}
			}
		})
	}
}

// TestNewKeyForAProgramIsASecretAlone: a program that reads it gets nothing else.
func TestNewKeyForAProgramIsASecretAlone(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	must(t, database, "migrate")
	for _, flag := range []string{"--quiet", "--output=json", "--output=csv"} {
		if done := invoke(t, database, "keys", "create", "k", "--unlimited", flag); done.stderr != "" || strings.Contains(done.stdout, "curl") {
			t.Errorf("with %s: %+v", flag, done)
		}
	}
}
