package contender

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/instance"
	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/tally"
	"github.com/ration-dev/ration/bench/wrk"
)

// envoyLimit gives each value of the descriptor "key" a counter with a limit a day, which
// no measurement reaches.
var envoyLimit = fmt.Sprintf(`domain: %s
descriptors:
  - key: key
    rate_limit: {unit: day, requests_per_unit: %d}
`, count.EnvoyDomain, count.Limit)

// envoyConnections is how many connections to Redis Envoy's service has: one for each request
// that waits, in place of 10, its default.
const envoyConnections = "256"

// EnvoyRateLimit starts the rate limit service that Envoy's project has, on Redis, to be
// asked over HTTP.
func EnvoyRateLimit(ctx context.Context, r *rig.Rig, keys int) (*Server, error) {
	service, url, err := envoyService(ctx, r)
	if err != nil {
		return nil, err
	}
	said := new(bytes.Buffer) // of interest if it does not start
	service.Stderr = said
	if err := service.Start(); err != nil {
		return nil, fmt.Errorf("starting Envoy's rate limit service: %w", err)
	}
	stop := func() error {
		_ = service.Process.Signal(syscall.SIGKILL) // it has nothing to write
		_ = service.Wait()
		return nil
	}
	if err := instance.AwaitOK(ctx, url+"/healthcheck"); err != nil {
		_ = stop() // after which nobody writes what it said
		return nil, fmt.Errorf("starting Envoy's rate limit service: %w; it said:\n%s", err, said)
	}
	return &Server{
		URLs: []string{url}, Kinds: envoyQuestions(), Secrets: r.Secrets(keys), Says: `"overallCode":"OK"`,
		counted: []counter{func(ctx context.Context) (tally.Count, error) {
			used, err := count.EnvoyRateLimit{Address: r.Redis()}.Used(ctx)
			return bySecret(r, used, keys), err
		}},
		processes: []process{{service.Process.Pid, stop}},
	}, nil
}

// envoyService writes what configures the service.
func envoyService(ctx context.Context, r *rig.Rig) (service *exec.Cmd, url string, err error) {
	dir, err := r.Directory()
	if err != nil {
		return nil, "", err
	}
	config := filepath.Join(dir, "bench", "config")
	if err := os.MkdirAll(config, 0o700); err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(filepath.Join(config, "limit.yaml"), []byte(envoyLimit), 0o600); err != nil {
		return nil, "", err
	}
	ports, err := freePorts(ctx, 3)
	if err != nil {
		return nil, "", err
	}
	service = exec.Command(r.EnvoyRateLimit) //nolint:noctx // its starter stops it
	service.Env = []string{
		"HOST=127.0.0.1", "PORT=" + ports[0], "GRPC_HOST=127.0.0.1", "GRPC_PORT=" + ports[1], "DEBUG_HOST=127.0.0.1", "DEBUG_PORT=" + ports[2],
		"RUNTIME_ROOT=" + dir, "RUNTIME_SUBDIRECTORY=bench", "RUNTIME_WATCH_ROOT=false",
		"REDIS_SOCKET_TYPE=tcp", "REDIS_URL=" + r.Redis(), "REDIS_POOL_SIZE=" + envoyConnections, "USE_STATSD=false",
	}
	return service, "http://127.0.0.1:" + ports[0], nil
}

// envoyQuestions are as many of each kind as [questions], and count the same.
func envoyQuestions() []wrk.Kind {
	kinds := questions("none")
	for i := range kinds {
		kinds[i].Path = "/json"
		kinds[i].Body = fmt.Sprintf(`{"domain":%q,"hitsAddend":%d,"descriptors":[{"entries":[{"key":"key","value":"SECRET"}]}]}`, count.EnvoyDomain, kinds[i].Units)
	}
	return kinds
}

func freePorts(ctx context.Context, n int) ([]string, error) {
	ports := make([]string, n)
	for i := range ports {
		address, err := instance.FreeAddress(ctx)
		if err != nil {
			return nil, err
		}
		if _, ports[i], err = net.SplitHostPort(address); err != nil {
			return nil, err
		}
	}
	return ports, nil
}
