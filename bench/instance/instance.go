// Package instance runs Ration's binary for measurements.
package instance

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
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
	command.Env, command.Stderr = environment(database), os.Stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("ration %s: %w", strings.Join(args[:min(2, len(args))], " "), err)
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
		if *address, err = freeAddress(ctx); err != nil {
			return nil, err
		}
	}
	args = append([]string{"serve", "--listen", i.Proxy, "--api-listen", i.API, "--admin-listen", i.Admin, "--envoy-listen", i.Envoy, "--log-level", "error"}, args...)
	i.process = exec.CommandContext(ctx, binary, args...)
	i.process.Env, i.process.Stderr = environment(database), os.Stderr
	if err := i.process.Start(); err != nil {
		return nil, err
	}
	if err := i.awaitReady(ctx); err != nil {
		i.Stop()
		return nil, err
	}
	return i, nil
}

// Stop ends the process and waits for it.
func (i *Instance) Stop() {
	_ = i.process.Process.Signal(syscall.SIGTERM)
	_ = i.process.Wait()
}

func (i *Instance) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+i.API+"/readyz", http.NoBody)
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

func environment(database string) []string { return append(os.Environ(), "RATION_DB="+database) }

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
