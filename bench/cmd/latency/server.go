package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	startWithin = 30 * time.Second
	askEvery    = 50 * time.Millisecond
)

// database is what a server keeps its counts in.
type database struct{ name, url string }

// server is the binary, serving on a database, with a key and a token.
type server struct {
	database   database
	process    *exec.Cmd
	proxy, api string
	secret     string // of the key
	token      string
}

func start(ctx context.Context, binary string, database database, upstream string) (*server, error) {
	s := &server{database: database}
	environment := append(os.Environ(), "RATION_DB="+database.url)
	for _, step := range []struct {
		output *string
		args   []string
	}{
		{nil, []string{"plans", "create", "latency", "--limit", "1000000000/day", "--limit", "100000/second"}},
		{&s.secret, []string{"keys", "create", "latency", "--plan", "latency", "--quiet"}},
		{&s.token, []string{"tokens", "create", "latency", "--scope", "verify", "--quiet"}},
	} {
		command := exec.CommandContext(ctx, binary, step.args...)
		command.Env, command.Stderr = environment, os.Stderr
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("ration %s: %w", strings.Join(step.args[:2], " "), err)
		}
		if step.output != nil {
			*step.output = strings.TrimSpace(string(output))
		}
	}
	var err error
	if s.proxy, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	if s.api, err = freeAddress(ctx); err != nil {
		return nil, err
	}
	s.process = exec.CommandContext(ctx, binary, "serve", "--upstream", upstream, "--listen", s.proxy, "--api-listen", s.api, "--log-level", "error")
	s.process.Env, s.process.Stderr = environment, os.Stderr
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if err := s.awaitReady(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) stop() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
}

// ways returns the calls through this server.
func (s *server) ways() []way {
	body, _ := json.Marshal(map[string]string{"secret": s.secret})
	return []way{
		{"proxy, " + s.database.name, vegeta.Target{
			Method: http.MethodGet, URL: "http://" + s.proxy + "/", Header: http.Header{"X-Api-Key": {s.secret}},
		}, answer},
		{"/v1/verify, " + s.database.name, vegeta.Target{
			Method: http.MethodPost, URL: "http://" + s.api + "/v1/verify", Body: body,
			Header: http.Header{"Authorization": {"Bearer " + s.token}, "Content-Type": {"application/json"}},
		}, `"allowed":true`},
	}
}

func (s *server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.api+"/readyz", http.NoBody)
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

func freeAddress(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
