package gateways

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// gateway is a gateway that runs.
type gateway struct {
	name   string
	url    string
	silent bool // it can't tell a client what remains of a request that passes
	played bool // a test plays it
}

// run starts a gateway's program and waits until it listens.
func run(t *testing.T, address, program string, args ...string) {
	t.Helper()
	var out bytes.Buffer
	command := exec.CommandContext(context.WithoutCancel(t.Context()), program, args...)
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = command.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", program, &out)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = connection.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", program, &out)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s doesn't listen:\n%s", program, &out)
		}
	}
}

// programOf returns where a program is; some are not in the path of users.
func programOf(t *testing.T, name string) string {
	t.Helper()
	for _, place := range []string{name, filepath.Join("/usr/sbin", name)} {
		if path, err := exec.LookPath(place); err == nil {
			return path
		}
	}
	t.Fatalf("there is no %s; run scripts/require.sh %s", name, name)
	return ""
}

// write writes a file of a configuration and returns its path.
func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
