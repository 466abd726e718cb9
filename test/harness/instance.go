package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// Instance is "ration serve" as a process, on addresses that it keeps over restarts.
type Instance struct {
	t        *testing.T
	args     []string
	db       string
	build    Build // zero: this source's
	ProxyURL string
	APIURL   string
	log      *os.File

	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
	exit    error         // what it ended with, once exited is closed
}

// NewInstance prepares an instance on a database in front of an upstream. Start starts it.
func NewInstance(t *testing.T, db, upstream string, more ...string) *Instance {
	t.Helper()
	proxy, api := FreeAddr(t), FreeAddr(t)
	log, err := os.CreateTemp(t.TempDir(), "serve-*.log")
	if err != nil {
		t.Fatal(err)
	}
	i := &Instance{
		t: t, db: db, log: log,
		args:     append([]string{"serve", "--listen", proxy, "--api-listen", api, "--upstream", upstream}, more...),
		ProxyURL: "http://" + proxy, APIURL: "http://" + api,
	}
	t.Cleanup(i.cleanUp)
	return i
}

// Use has the instance be of another build from its next start on.
func (i *Instance) Use(build Build) { i.build = build }

// Start starts the process without waiting until it is ready.
func (i *Instance) Start() {
	i.t.Helper()
	if i.build == (Build{}) {
		i.build = ThisBuild(i.t)
	}
	i.process = exec.CommandContext(context.Background(), i.build.Path, i.args...)
	i.process.Env = i.build.environment(i.db)
	i.process.Stdout, i.process.Stderr = i.log, i.log
	if err := i.process.Start(); err != nil {
		i.t.Fatal(err)
	}
	process := i.process
	i.exited = make(chan struct{})
	go func() {
		i.exit = process.Wait()
		close(i.exited)
	}()
}

// AwaitReady waits until the instance says that it is ready.
func (i *Instance) AwaitReady() {
	i.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if i.ready(i.t.Context()) {
			return
		}
		select {
		case <-i.exited:
			i.t.Fatalf("the instance ended before it was ready: %v\n%s", i.exit, i.Log())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			i.t.Fatalf("the instance is not ready after 30 s\n%s", i.Log())
		}
	}
}

// Kill ends the process with kill -9 and waits until it is gone.
func (i *Instance) Kill() {
	i.t.Helper()
	if err := i.process.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		i.t.Fatal(err)
	}
	i.awaitExit()
}

// Stop sends SIGTERM and returns the exit code.
func (i *Instance) Stop() int {
	i.t.Helper()
	i.Terminate()
	return i.ExitCode()
}

// Terminate sends SIGTERM.
func (i *Instance) Terminate() {
	i.t.Helper()
	i.signal(syscall.SIGTERM)
}

func (i *Instance) signal(signal syscall.Signal) {
	i.t.Helper()
	if err := i.process.Process.Signal(signal); err != nil {
		i.t.Fatal(err)
	}
}

// ExitCode waits until the process has ended by itself.
func (i *Instance) ExitCode() int {
	i.t.Helper()
	i.awaitExit()
	var exit *exec.ExitError
	switch {
	case i.exit == nil:
		return 0
	case errors.As(i.exit, &exit):
		return exit.ExitCode()
	}
	i.t.Fatal(i.exit)
	return -1
}

// Log returns all that the instance has printed.
func (i *Instance) Log() string {
	text, err := os.ReadFile(i.log.Name())
	if err != nil {
		return fmt.Sprintf("reading the log: %v", err)
	}
	return string(text)
}

func (i *Instance) awaitExit() {
	<-i.exited
	i.process = nil
}

func (i *Instance) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, i.APIURL+"/readyz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func (i *Instance) cleanUp() {
	if i.process != nil {
		_ = i.process.Process.Kill()
		i.awaitExit()
	}
	if i.t.Failed() {
		i.t.Logf("%s printed:\n%s", i.ProxyURL, i.Log())
	}
	_ = i.log.Close()
}

// FreeAddr returns a loopback address that nobody listens on. An instance must
// come back on the address it had, so it can't choose its port itself.
func FreeAddr(t *testing.T) string {
	t.Helper()
	port, err := testdb.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
