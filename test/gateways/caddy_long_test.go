//go:build long

package gateways

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// To build Caddy takes minutes, so only the long tests do.
func init() { starters = append(starters, startCaddy) }

// startCaddy runs the lines for Caddy.
func startCaddy(t *testing.T, ration, api string) gateway {
	t.Helper()
	dir, address := t.TempDir(), harness.FreeAddr(t)
	imported, err := os.ReadFile("../../deploy/caddy/ration.caddy")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ration.caddy"), string(imported))
	lines := placed(t, linesOf(t, "Caddy", "caddyfile"), map[string]string{":80 {": address[strings.LastIndexByte(address, ':'):] + " {", "127.0.0.1:8081": ration, "127.0.0.1:3000": api})
	file := write(t, filepath.Join(dir, "Caddyfile"), "{\n\tadmin off\n\tpersist_config off\n}\n"+lines)
	program, err := filepath.Abs("../../.cache/bin/caddy")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_DATA_HOME", dir)
	run(t, address, program, "run", "--config", file, "--adapter", "caddyfile")
	return gateway{name: "Caddy", url: "http://" + address}
}
