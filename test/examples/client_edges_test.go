package examples_test

import (
	"os"
	"os/exec"
	"testing"
)

// TestClientsAtTheEdges runs what only a program in the client's own language can try:
// threads, forks, event loops, signals, and values that JSON doesn't have.
func TestClientsAtTheEdges(t *testing.T) {
	for _, row := range []struct {
		name    string
		command func(t *testing.T) []string
	}{
		{"python", func(t *testing.T) []string { return []string{pythonWith(t, "fastapi"), "-B", "testdata/edges.py"} }},
		{"typescript", func(*testing.T) []string { return []string{"node", "--test", "testdata/edges.js"} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			command := row.command(t)
			process := exec.CommandContext(t.Context(), command[0], command[1:]...)
			process.Env = append(os.Environ(), "PYTHONPATH=../../clients/python", "http_proxy=http://127.0.0.1:1", "all_proxy=http://127.0.0.1:1", "no_proxy=")
			if printed, err := process.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, printed)
			}
		})
	}
}
