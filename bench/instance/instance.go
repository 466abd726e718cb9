// Package instance runs Ration's binary for measurements.
package instance

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = time.Minute
	askEvery    = 50 * time.Millisecond
)

// Command runs one command on a database and returns what it printed.
func Command(ctx context.Context, binary, database string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, binary, args...)
	said := new(bytes.Buffer) // of interest if the command fails
	command.Env, command.Stderr = environment(database), said
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("ration %s: %w\n%s", strings.Join(args[:min(2, len(args))], " "), err, said)
	}
	return strings.TrimSpace(string(output)), nil
}

// Instance is the binary, serving.
type Instance struct {
	Proxy, API, Admin, Envoy string // addresses
	process                  *exec.Cmd
}

// Serve starts the binary on a database and waits until it is ready.
func Serve(ctx context.Context, binary, database string, args ...string) (*Instance, error) {
	i := new(Instance)
	for _, address := range []*string{&i.Proxy, &i.API, &i.Admin, &i.Envoy} {
		var err error
		if *address, err = FreeAddress(ctx); err != nil {
			return nil, err
		}
	}
	args = append([]string{"serve", "--listen", i.Proxy, "--api-listen", i.API, "--admin-listen", i.Admin, "--envoy-listen", i.Envoy}, args...)
	i.process = exec.CommandContext(ctx, binary, args...)
	log := new(bytes.Buffer) // at the default level, and only of interest if the process does not start
	i.process.Env, i.process.Stderr = environment(database), log
	if err := i.process.Start(); err != nil {
		return nil, err
	}
	if err := AwaitOK(ctx, "http://"+i.API+"/readyz"); err != nil {
		i.Stop() // after which nobody writes to the log
		return nil, fmt.Errorf("%w; the process said:\n%s", err, log)
	}
	return i, nil
}

// PID returns the process's id.
func (i *Instance) PID() int { return i.process.Process.Pid }

// Stop ends the process and waits for it.
func (i *Instance) Stop() {
	_ = i.process.Process.Signal(syscall.SIGTERM)
	_ = i.process.Wait()
}

// AwaitOK asks a URL until it answers 200, for at most a minute.
func AwaitOK(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(askEvery):
		case <-ctx.Done():
			return fmt.Errorf("waiting for the server to be ready: %w", ctx.Err())
		}
	}
}

// environment is that of this process, less Ration's own settings and the Go runtime's: an
// instance has its defaults.
func environment(database string) []string {
	kept := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "RATION_") || strings.HasPrefix(variable, "GOGC=") || strings.HasPrefix(variable, "GOMAXPROCS=") || strings.HasPrefix(variable, "GOMEMLIMIT=")
	})
	return append(kept, "RATION_DB="+database)
}

// FreeAddress returns an address of this machine with a port that nobody listens on.
func FreeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
