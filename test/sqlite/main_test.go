package sqlite_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	os.Exit(code)
}

// server is an instance on a file, in front of an upstream, and a key.
type server struct {
	*harness.Instance
	t        *testing.T
	path, db string
	key      harness.Key
	upstream *harness.Upstream
}

func newServer(t *testing.T, dir string) *server {
	t.Helper()
	s := &server{t: t, path: filepath.Join(dir, "ration.db"), upstream: harness.NewUpstream(t)}
	s.db = "sqlite:" + s.path
	s.key = harness.CreateKey(t, s.db)
	s.Instance = harness.NewInstance(t, s.db, s.upstream.URL)
	s.Start()
	s.AwaitReady()
	return s
}

// get returns the status and the body of an answer.
func (s *server) get(url, secret string) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("X-API-Key", secret)
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		s.t.Errorf("GET %s: %v", url, err)
		return 0, ""
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Errorf("GET %s: %v", url, err)
	}
	return response.StatusCode, string(body)
}

// call sends one request with the server's key and returns the status.
func (s *server) call() int {
	s.t.Helper()
	status, _ := s.get(s.ProxyURL, s.key.Secret)
	return status
}

// wantCounted stops the server and wants as many requests in the database as
// were admitted, and perhaps those whose outcome is unknown.
func (s *server) wantCounted(admitted, unknown int) {
	s.t.Helper()
	if code := s.Stop(); code != 0 {
		s.t.Errorf("SIGTERM: exit code %d", code)
	}
	seen, recorded := s.upstream.Seen(s.key.ID), harness.Used(s.t, s.db, s.key.ID)
	s.t.Logf("%d admitted, %d unknown; %d seen by the upstream, %d recorded", admitted, unknown, seen, recorded)
	if seen != admitted || recorded < admitted || recorded > admitted+unknown {
		s.t.Errorf("%d admitted, %d unknown, but %d seen by the upstream and %d recorded", admitted, unknown, seen, recorded)
	}
}
