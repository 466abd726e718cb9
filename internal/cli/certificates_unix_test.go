//go:build unix

package cli_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testcert"
)

const fortnight = 14 * 24 * time.Hour

// TLS of the API from start to stop: a request, the health command, and what doctor says.
func TestServeWithACertificate(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "ration.db")
	must(t, database, "migrate")
	cert, key := testcert.New(t, "api", time.Now().Add(2*fortnight)).Write(t, dir)
	files := []string{"--api-tls-cert-file", cert, "--api-tls-key-file", key}
	running := startServer(t, nil, append([]string{"--db", database}, files...)...)
	address := strings.TrimPrefix(running.api, "http://")

	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // a certificate of its own
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + address + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != 200 {
		t.Errorf("readiness: %d %s, %v", response.StatusCode, body, err)
	}
	wants(t, invoke(t, database, append([]string{"health", "--api-listen", address}, files...)...), 0)
	if _, detail, _ := diagnose(t, database, "listeners", 0, append(files, "--admin-listen", "off")...); detail != "all of them speak HTTPS" {
		t.Errorf("doctor says of the listeners: %q", detail)
	}
	wants(t, running.stop(), 0)
}

func TestDoctorJudgesCertificates(t *testing.T) {
	for name, row := range map[string]struct {
		left   time.Duration
		change func(t *testing.T, cert, key string)
		code   int
		state  string
		detail string
	}{
		"valid":           {fortnight + time.Hour, nil, 0, "ok", "is valid until "},
		"about to expire": {fortnight - time.Hour, nil, 0, "warning", "is valid until "},
		"expired":         {-time.Hour, nil, 7, "problem", "expired on "},
		"gone":            {fortnight, func(t *testing.T, cert, _ string) { remove(t, cert) }, 7, "problem", "tls_cert_file: reading the certificate"},
		"key of another": {fortnight, func(t *testing.T, _, key string) {
			testcert.WriteFile(t, key, testcert.New(t, "other", time.Now()).Key)
		}, 7, "problem", "tls_key_file: the key"},
		"key open to all":   {fortnight, func(t *testing.T, _, key string) { setMode(t, key, 0o644) }, 7, "problem", "everybody on this machine can read the key"},
		"key without a key": {fortnight, func(t *testing.T, _, key string) { testcert.WriteFile(t, key, []byte("nothing")) }, 7, "problem", "contains no private key"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			setMode(t, dir, 0o700)
			database := "sqlite:" + filepath.Join(dir, "ration.db")
			must(t, database, "migrate")
			cert, key := testcert.New(t, "proxy", time.Now().Add(row.left)).Write(t, dir)
			if row.change != nil {
				row.change(t, cert, key)
			}
			state, detail, advice := diagnose(t, database, "certificate", row.code, "--tls-cert-file", cert, "--tls-key-file", key)
			if state != row.state || !strings.Contains(detail, row.detail) || (state == "ok") != (advice == "") {
				t.Errorf("%s: %q, %q", state, detail, advice)
			}
		})
	}
}

func TestServeAndConfigCheckRefuseACertificateThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "ration.db")
	cert, key := testcert.New(t, "api", time.Now().Add(fortnight)).Write(t, dir)
	testcert.WriteFile(t, key, testcert.New(t, "other", time.Now()).Key)
	environment := []string{"RATION_DB=" + database, "RATION_API_TLS_CERT_FILE=" + cert, "RATION_API_TLS_KEY_FILE=" + key}
	for _, command := range []string{"serve", "config check"} {
		var stderr bytes.Buffer
		code := cli.Main(t.Context(), strings.Fields(command), strings.NewReader(""), io.Discard, &stderr, environment)
		if code != 3 || !strings.Contains(stderr.String(), "api_tls_key_file: the key") || !strings.Contains(stderr.String(), "does not belong to the certificate") {
			t.Errorf("%s: exit code %d, %s", command, code, &stderr)
		}
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
