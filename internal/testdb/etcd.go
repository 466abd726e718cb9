package testdb

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// etcdTimeout bounds etcd's start.
const etcdTimeout = time.Minute

// startEtcd starts an etcd of one member and returns its host and port. It ends
// with the test.
func startEtcd(tb testing.TB, account account) (address string) {
	tb.Helper()
	program, err := exec.LookPath("etcd")
	if err != nil {
		tb.Fatal("etcd is not installed; run: sudo apt-get install --yes etcd-server")
	}
	dir := accountDir(tb, account, "ration-etcd-")
	client, peer := address127(tb), address127(tb)
	process, err := startLeashed(tb.Context(), account, dir, program, "--data-dir", "data",
		"--listen-client-urls", "http://"+client, "--advertise-client-urls", "http://"+client,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer,
		"--initial-cluster", "default=http://"+peer)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := process.kill(); err != nil {
			tb.Error(err)
		}
	})
	awaitTrue(tb, etcdTimeout, "etcd is well", func() bool { return getOK(tb, "http://"+client+"/health") })
	return client
}

// accountDir makes a directory of the account's for one test.
func accountDir(tb testing.TB, account account, name string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	if err := account.own(dir); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// address127 returns a host and a port that are free.
func address127(tb testing.TB) string {
	tb.Helper()
	port, err := FreePort(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func getOK(tb testing.TB, url string) bool {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, url, nil)
	if err != nil {
		tb.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return errors.Join(answer.Body.Close()) == nil && answer.StatusCode == http.StatusOK
}

// awaitTrue returns when a condition holds.
func awaitTrue(tb testing.TB, within time.Duration, what string, holds func() bool) {
	tb.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			tb.Fatalf("not within %s: %s", within, what)
		}
	}
}
