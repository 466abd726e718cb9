package deploy_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/config"
)

const unitFile = "deploy/ration.service"

// unit returns the values of a setting of the service, in order.
func unit(t *testing.T, name string) []string {
	t.Helper()
	var values []string
	for _, found := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(read(t, unitFile), -1) {
		values = append(values, found[1])
	}
	if values == nil {
		t.Fatalf("%s has no %s", unitFile, name)
	}
	return values
}

// installedUnit returns the path of the service with its binary where it was built.
func installedUnit(t *testing.T, change func(string) string) string {
	t.Helper()
	text := strings.ReplaceAll(read(t, unitFile), "ExecStart=/usr/bin/ration ", "ExecStart="+binary(t)+" ")
	path := filepath.Join(t.TempDir(), "ration.service")
	if err := os.WriteFile(path, []byte(change(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// analyze runs systemd-analyze, which says what it has found beside failing.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "systemd-analyze", args...)
	command.Env = append(os.Environ(), "SYSTEMD_COLORS=0", "LC_ALL=C")
	out, err := command.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("there is no systemd-analyze; scripts/require.sh systemd-analyze says how to install it")
	}
	return string(out), err
}

func TestSystemdAcceptsTheService(t *testing.T) {
	same := func(text string) string { return text }
	out, err := analyze(t, "verify", "--man=no", installedUnit(t, same))
	if err != nil || strings.Contains(out, "ration.service") {
		t.Errorf("%v\n%s", err, out)
	}
	misspelt := func(text string) string { return strings.Replace(text, "NoNewPrivileges=", "NoNewPriviliges=", 1) }
	if out, _ := analyze(t, "verify", "--man=no", installedUnit(t, misspelt)); !strings.Contains(out, "NoNewPriviliges") {
		t.Errorf("a misspelt setting is not noticed: %s", out)
	}
}

// exposure is what systemd-analyze may find at most, in tenths: 100 is a service
// without limits. Network and sockets, which Ration needs, are most of it.
const exposure = "15"

func TestServiceIsExposedToLittle(t *testing.T) {
	rate := func(change func(string) string) (string, error) {
		return analyze(t, "security", "--no-pager", "--offline=true", "--threshold="+exposure, installedUnit(t, change))
	}
	if out, err := rate(func(text string) string { return text }); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	weaker := func(text string) string { return strings.ReplaceAll(text, "SystemCallFilter=", "#") }
	if _, err := rate(weaker); err == nil {
		t.Error("a service that may make all system calls passes too")
	}
}

func TestServiceHasTimeToStop(t *testing.T) {
	need := 10 * time.Second // to write what was charged
	for _, setting := range config.Settings() {
		if setting.Name == "shutdown_grace" || setting.Name == "shutdown_delay" {
			wait, err := time.ParseDuration(setting.Default)
			if err != nil {
				t.Fatal(err)
			}
			need += wait
		}
	}
	if got, err := time.ParseDuration(unit(t, "TimeoutStopSec")[0]); err != nil || got < need {
		t.Errorf("the service is killed after %v (%v), and may need %v", got, err, need)
	}
}

// TestServiceStarts runs the command of the service with the configuration that
// is installed with it, but for places, until it is healthy, and stops it.
func TestServiceStarts(t *testing.T) {
	credentials, state, port := t.TempDir(), t.TempDir(), freePort(t)
	name, source, _ := strings.Cut(unit(t, "LoadCredential")[0], ":")
	if source != "/etc/ration/ration.yaml" || unit(t, "StateDirectory")[0] != "ration" {
		t.Errorf("the configuration is at %s", source)
	}
	settings := strings.NewReplacer("/var/lib/ration/", state+"/", ":8081", ":"+port).Replace(read(t, "deploy/ration.yaml"))
	path := filepath.Join(credentials, name)
	if err := os.WriteFile(path, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(strings.ReplaceAll(unit(t, "ExecStart")[0], "${CREDENTIALS_DIRECTORY}", credentials))
	if words[0] != "/usr/bin/ration" {
		t.Fatalf("the service runs %q", words)
	}
	server := exec.CommandContext(t.Context(), binary(t), words[1:]...)
	server.Dir = state
	log := &bytes.Buffer{}
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- server.Wait() }()
	healthy := func() error { return exec.CommandContext(t.Context(), binary(t), "health", "--config", path).Run() }
	awaitHealthy(t, healthy, exited, log)
	if _, err := os.Stat(filepath.Join(state, "ration.db")); err != nil {
		t.Errorf("the database is not in the state directory: %v", err)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-exited; err != nil {
		t.Errorf("stopping: %v\n%s", err, log)
	}
}

func TestServiceIsNotRestartedWithAWrongConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.yaml")
	if err := os.WriteFile(path, []byte("api_lisen: 127.0.0.1:8081\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	err := exec.CommandContext(t.Context(), binary(t), "serve", "--config", path).Run()
	if !errors.As(err, &exit) || !slices.Contains(strings.Fields(unit(t, "RestartPreventExitStatus")[0]), strconv.Itoa(exit.ExitCode())) {
		t.Errorf("%v is no reason to stay stopped", err)
	}
}
