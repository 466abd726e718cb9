package chart_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/testcert"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// served is the container of a workload, run as a process on this machine: its command
// with its variables, its file and its ports, but for their numbers.
type served struct {
	t     *testing.T
	c     container
	env   []string
	ports map[string]string // of the container, by name, to addresses of this machine
	log   *bytes.Buffer

	process *exec.Cmd
	exited  chan error
}

// prepare lays files where the container's variables say, below a directory.
func prepare(t *testing.T, objects []object, secrets map[string]string) *served {
	t.Helper()
	server, dir := workload(t, objects), t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory has to be entered
		t.Fatal(err)
	}
	s := &served{t: t, c: server.Spec.Template.Spec.Containers[0], ports: make(map[string]string), log: &bytes.Buffer{}}
	file := filepath.Join(dir, "ration.yaml")
	if err := os.WriteFile(file, []byte(one(t, objects, "ConfigMap").Data["ration.yaml"]), 0o600); err != nil {
		t.Fatal(err)
	}
	numbers := make(map[string]string) // of the container's ports, to addresses
	for _, port := range s.c.Ports {
		address := harness.FreeAddr(t)
		s.ports[port.Name], numbers[strconv.Itoa(port.Port)] = address, address
	}
	for _, variable := range environment(t, server, secrets) {
		name, value, _ := strings.Cut(variable, "=")
		host, number, err := net.SplitHostPort(value)
		switch {
		case name == "RATION_CONFIG":
			value = file
		case !strings.HasSuffix(name, "_LISTEN") || err != nil:
			value = strings.NewReplacer("/data/", dir+"/", "/etc/ration/tls/", dir+"/").Replace(value)
		case host == "" && numbers[number] != "":
			value = numbers[number]
		case host == "": // as the proxy's without an upstream
			value = harness.FreeAddr(t)
		default: // for this pod only
			value = net.JoinHostPort(host, "0")
		}
		s.env = append(s.env, name+"="+value)
	}
	return s
}

// command returns a command in the container.
func (s *served) command(args ...string) *exec.Cmd {
	command := exec.CommandContext(s.t.Context(), harness.Binary(s.t), args...)
	command.Env = s.env
	return command
}

// start starts the server.
func (s *served) start() {
	s.t.Helper()
	s.process = s.command(s.c.Args...)
	s.process.Stdout, s.process.Stderr = s.log, s.log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.exited = make(chan error, 1)
	go func() { s.exited <- s.process.Wait() }()
}

// stop stops it as Kubernetes does.
func (s *served) stop() {
	s.t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	if err := <-s.exited; err != nil {
		s.t.Errorf("stopping: %v\n%s", err, s.log)
	}
}

// ask sends what a probe sends.
func (s *served) ask(p *probe) (status int, err error) {
	s.t.Helper()
	address, ok := s.ports[p.HTTP.Port]
	if !ok {
		return 0, fmt.Errorf("the container has no port %s", p.HTTP.Port)
	}
	scheme := "http"
	if p.HTTP.Scheme == "HTTPS" {
		scheme = "https"
	}
	status, _, err = get(s.t.Context(), scheme+"://"+address+p.HTTP.Path)
	return status, err
}

// get trusts every certificate, as probes do.
func get(ctx context.Context, url string) (status int, body string, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // as probes do
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// await asks until a probe has a status.
func (s *served) await(p *probe, want int) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		status, err := s.ask(p)
		if status == want {
			return
		}
		select {
		case ended := <-s.exited:
			s.t.Fatalf("the server ended: %v\n%s", ended, s.log)
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s answers %d, %v, want %d\n%s", p.HTTP.Path, status, err, want, s.log)
		}
	}
}

// TestPodServesOnPostgreSQL runs the migration's command and then the server's, with all
// that the chart can switch on and no certificates, and asks each port.
func TestPodServesOnPostgreSQL(t *testing.T) {
	t.Parallel()
	objects := render(t, "all listeners")
	secrets := map[string]string{"pepper": "a-pepper-of-many-characters\n", "client-secret": "a-client-secret", "DATABASE_URL": testdb.Postgres(t)}
	generate := exec.CommandContext(t.Context(), harness.Binary(t), "tokens", "generate")
	token, err := generate.Output()
	if err != nil {
		t.Fatal(err)
	}
	secrets["token"] = strings.TrimSpace(string(token))
	s := prepare(t, objects, secrets)

	job := one(t, objects, "Job")
	migrate := s.command(job.Spec.Template.Spec.Containers[0].Args...)
	migrate.Env = environment(t, job, secrets)
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("the migration: %v\n%s", err, out)
	}
	s.start()
	s.await(s.c.Startup, http.StatusOK)
	s.await(s.c.Liveness, http.StatusOK)
	s.await(s.c.Readiness, http.StatusOK)
	for name, address := range s.ports {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("the port %s: %v\n%s", name, err, s.log)
			continue
		}
		_ = connection.Close()
	}
	if _, ok := s.ports["admin"]; ok {
		t.Error("the admin API has a port of the pod")
	}
	monitor := one(t, objects, "ServiceMonitor").Spec.Endpoints[0]
	status, text, err := get(t.Context(), "http://"+s.ports[monitor.Port]+monitor.Path)
	if err != nil || status != http.StatusOK || !strings.Contains(text, "\nration_batch_wait_seconds_sum ") || !strings.Contains(text, "\nration_batch_wait_seconds_count ") {
		t.Errorf("%s answers %d, %v, and has no ration_batch_wait_seconds, by which docs/KUBERNETES.md scales: %s", monitor.Path, status, err, text)
	}
	if out, err := s.command("keys", "create", "alice", "--limit", "5/day").CombinedOutput(); err != nil {
		t.Errorf("kubectl exec … ration keys create: %v\n%s", err, out)
	}
	if out, err := s.command("tokens", "list", "-o", "csv").CombinedOutput(); err != nil || !strings.Contains(string(out), "bootstrap") {
		t.Errorf("the bootstrap token was not made: %s, %v", out, err)
	}
	s.stop()
}

// TestPodServesOnSQLite also has the certificates of the API lie as Kubernetes lays them.
func TestPodServesOnSQLite(t *testing.T) {
	t.Parallel()
	s := prepare(t, render(t, "SQLite with a certificate"), nil)
	var directory string
	for _, variable := range s.env {
		if path, ok := strings.CutPrefix(variable, "RATION_API_TLS_CERT_FILE="); ok {
			directory = filepath.Dir(path)
		}
	}
	mountSecret(t, directory, "1", testcert.New(t, "first", time.Now().Add(24*time.Hour)))
	s.start()
	s.await(s.c.Startup, http.StatusOK)
	s.await(s.c.Readiness, http.StatusOK)
	mountSecret(t, directory, "2", testcert.New(t, "second", time.Now().Add(24*time.Hour)))
	for deadline := time.Now().Add(30 * time.Second); commonName(t, s.ports["api"]) != "second"; {
		if time.Now().After(deadline) {
			t.Fatalf("the renewed certificate is not used\n%s", s.log)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(directory), "ration.db")); err != nil {
		t.Errorf("the database is not on the volume: %v", err)
	}
	s.stop()
}

// mountSecret lays a pair as Kubernetes lays a Secret: its files are links to files in a
// directory that another link names, which is replaced by a renewal.
func mountSecret(t *testing.T, directory, version string, pair testcert.Pair) {
	t.Helper()
	content := filepath.Join(directory, "..version-"+version)
	if err := os.MkdirAll(content, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"tls.crt": pair.Cert, "tls.key": pair.Key} {
		if err := os.WriteFile(filepath.Join(content, name), text, 0o440); err != nil { //nolint:gosec // as defaultMode says
			t.Fatal(err)
		}
		if _, err := os.Lstat(filepath.Join(directory, name)); err != nil {
			if err := os.Symlink(filepath.Join("..data", name), filepath.Join(directory, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Symlink(filepath.Base(content), filepath.Join(directory, "..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(directory, "..data_tmp"), filepath.Join(directory, "..data")); err != nil {
		t.Fatal(err)
	}
}

func commonName(t *testing.T, address string) string {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // it is only looked at
	connection, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
}

// TestServiceLinksWouldStopTheServer says why pods have none.
func TestServiceLinksWouldStopTheServer(t *testing.T) {
	s := prepare(t, render(t, "SQLite"), nil)
	s.env = append(s.env, "RATION_PORT=tcp://10.0.0.1:80")
	out, err := s.command(s.c.Args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "RATION_PORT") {
		t.Errorf("%v: %s", err, out)
	}
}
