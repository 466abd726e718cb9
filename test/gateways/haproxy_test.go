package gateways

import (
	"path/filepath"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// startHAProxy runs the lines for HAProxy, after what its packages have in the file.
func startHAProxy(t *testing.T, ration, api string) gateway {
	t.Helper()
	dir, address := t.TempDir(), harness.FreeAddr(t)
	script, err := filepath.Abs("../../deploy/haproxy/ration.lua")
	if err != nil {
		t.Fatal(err)
	}
	lines := placed(t, linesOf(t, "HAProxy", "haproxy"), map[string]string{
		"/etc/haproxy/ration.lua": script, "127.0.0.1:8081": ration, "bind :80": "bind " + address, "127.0.0.1:3000": api,
	})
	const defaults = "defaults\n mode http\n timeout connect 5s\n timeout client 50s\n timeout server 50s\n"
	file := write(t, filepath.Join(dir, "haproxy.cfg"), defaults+lines)
	run(t, address, programOf(t, "haproxy"), "-db", "-f", file)
	return gateway{name: "HAProxy", url: "http://" + address}
}
