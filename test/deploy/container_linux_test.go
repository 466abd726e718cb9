package deploy_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// container runs the image's commands as containers with one volume would run
// them: as its user, with its environment, on a root that can't be written to.
type container struct {
	t           *testing.T
	data        string
	user        []string // and group
	entrypoint  []string
	environment []string
}

func newContainer(t *testing.T) *container {
	t.Helper()
	_, final := stages(t)
	c := &container{
		t: t, data: filepath.Join(t.TempDir(), "data"),
		user: strings.Split(final.one(t, "USER").args, ":"), entrypoint: final.one(t, "ENTRYPOINT").exec(t),
	}
	for _, dir := range []string{c.data, filepath.Join(filepath.Dir(c.data), "rootfs")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	env := environment(final)
	// The network is the machine's, where the image's ports may be taken.
	for _, variable := range []string{"RATION_LISTEN", "RATION_API_LISTEN"} {
		host, _, err := net.SplitHostPort(env[variable])
		if err != nil {
			t.Fatal(err)
		}
		env[variable] = net.JoinHostPort(host, freePort(t))
	}
	for name, value := range env {
		c.environment = append(c.environment, name+"="+value)
	}
	return c
}

// command prepares a command of the container, given with its own name.
func (c *container) command(words ...string) *exec.Cmd {
	c.t.Helper()
	args := append([]string{"--user", "--map-root-user", "--mount", "/bin/sh", "testdata/container.sh", binary(c.t), c.data}, c.user...)
	command := exec.CommandContext(c.t.Context(), "unshare", append(args, words...)...)
	command.Env = c.environment
	return command
}

// ration runs ration with arguments to its end.
func (c *container) ration(args ...string) (stdout string, err error) {
	c.t.Helper()
	command := c.command(append(c.entrypoint, args...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), err
}

func TestContainerServesOnAReadOnlyRootAsANobody(t *testing.T) {
	c := newContainer(t)
	_, final := stages(t)
	_, check, _ := strings.Cut(final.one(t, "HEALTHCHECK").args, "CMD ")
	words := instruction{"HEALTHCHECK", check}.exec(t)
	healthy := func() error { return c.command(words...).Run() }

	if healthy() == nil {
		t.Fatal("healthy before the server was started")
	}
	server := c.command(append(c.entrypoint, final.one(t, "CMD").exec(t)...)...)
	log := &bytes.Buffer{}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }()
	awaitHealthy(t, healthy, exited, log)

	if _, err := c.ration("keys", "create", "alice", "--limit", "5/day"); err != nil {
		t.Errorf("creating a key beside the server: %v", err)
	}
	if _, err := c.ration("keys", "create", "bob", "--db", "sqlite:/elsewhere.db"); err == nil {
		t.Error("a database was made outside the volume")
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-exited; err != nil {
		t.Errorf("stopping: %v\n%s", err, log)
	}
	if healthy() == nil {
		t.Error("healthy after the server has ended")
	}
	if names, err := c.ration("keys", "list", "-o", "csv"); err != nil || !strings.Contains(names, "alice") {
		t.Errorf("the volume has keys %q, %v", names, err)
	}
	if actor, err := c.ration("audit", "-o", "csv"); err != nil || !strings.Contains(actor, "cli:uid-"+c.user[0]) {
		t.Errorf("the audit log names another user than %s: %s, %v", c.user[0], actor, err)
	}
}

func awaitHealthy(t *testing.T, healthy func() error, exited <-chan error, log *bytes.Buffer) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		err := healthy()
		if err == nil {
			return
		}
		select {
		case ended := <-exited:
			t.Fatalf("the server ended: %v\n%s", ended, log)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("not healthy after 30 s: %v", err)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
