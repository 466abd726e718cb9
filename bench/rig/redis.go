package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// RedisSettings are those of the Redis beside Ration: each write is in the log and
// flushed before its answer, as Ration's is.
var RedisSettings = [][2]string{{"appendonly", "yes"}, {"appendfsync", "always"}, {"save", ""}, {"no-appendfsync-on-rewrite", "no"}}

// redis is a server of its own.
type redis struct {
	address string
	process *exec.Cmd
}

func startRedis(ctx context.Context, dir string) (*redis, error) {
	dir = filepath.Join(dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // to find a free port
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	if err := listener.Close(); err != nil {
		return nil, err
	}
	args := []string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--dir", dir, "--loglevel", "warning"}
	for _, setting := range RedisSettings {
		args = append(args, "--"+setting[0], setting[1])
	}
	r := &redis{address: fmt.Sprintf("127.0.0.1:%d", port), process: exec.Command("redis-server", args...)} //nolint:noctx // stop ends it
	if err := r.process.Start(); err != nil {
		return nil, fmt.Errorf("starting Redis: %w", err)
	}
	for range 200 {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", r.address)
		if err == nil {
			return r, conn.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.stop()
	return nil, errors.New("waiting for Redis: it did not start to listen")
}

func (r *redis) stop() {
	_ = r.process.Process.Signal(syscall.SIGKILL) // its files go anyway
	_ = r.process.Wait()
}
