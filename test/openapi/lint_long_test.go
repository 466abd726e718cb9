//go:build long

package openapi_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api/openapi"
)

func TestLintersFindNoFaultInTheDocument(t *testing.T) {
	if output, err := lint(t, openapi.JSON); err != nil {
		t.Errorf("%v; if Redocly is missing, run 'make document-tools'\n%s", err, output)
	}
	broken := strings.Replace(string(openapi.JSON), `"operationId": "showKey"`, `"operationId": "listKeys"`, 1)
	if output, err := lint(t, []byte(broken)); err == nil {
		t.Errorf("two operations of one name are no fault:\n%s", output)
	}
}

func lint(t *testing.T, document []byte) ([]byte, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "node_modules/.bin/redocly", "lint", "--config", "redocly.yaml", file)
	run.Dir = "../../tools/openapi"
	run.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	return run.CombinedOutput()
}
