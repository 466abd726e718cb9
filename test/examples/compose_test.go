package examples_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestComposeInstancesCountAsOne runs the services' commands with their settings,
// but for addresses, on a real PostgreSQL that wants the password.
func TestComposeInstancesCountAsOne(t *testing.T) {
	services := readCompose(t).ration()
	if command := services["migrate"].Command; len(command) != 1 || command[0] != "migrate" {
		t.Errorf("migrate runs %q", command)
	}
	db := withPasswordFile(t, services["migrate"].Environment["RATION_DB"], testdb.Postgres(t))
	harness.CLI(t, db, services["migrate"].Command...)
	harness.CLI(t, db, "plans", "create", "free", "--limit", "4/day", "--time-zone", harness.NoonZone())
	key := harness.CreateKey(t, db, "--plan", "free")
	token := strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "app", "--scope", "verify"))

	var fleet []*harness.Instance
	for _, name := range []string{"ration-1", "ration-2"} {
		if command := services[name].Command; len(command) != 1 || command[0] != "serve" {
			t.Errorf("%s runs %q", name, command)
		}
		instance := harness.NewInstance(t, db, harness.NewUpstream(t).URL, "--log-format", services[name].Environment["RATION_LOG_FORMAT"])
		instance.Start()
		instance.AwaitReady()
		wantHealth(t, services[name], instance, true)
		fleet = append(fleet, instance)
	}

	verify := func(from int, want bool) {
		t.Helper()
		if got := askVerify(t, fleet[from], token, key.Secret); got.Allowed != want {
			t.Errorf("ration-%d: allowed is %t (%s), want %t", from+1, got.Allowed, got.Code, want)
		}
	}
	verify(0, true)
	verify(1, true)
	fleet[0].Kill()
	wantHealth(t, services["ration-1"], fleet[0], false)
	verify(1, true)
	fleet[0].Start()
	fleet[0].AwaitReady()
	verify(0, true)
	verify(0, false)
	verify(1, false)
	if used := harness.Used(t, db, key.ID); used != 4 {
		t.Errorf("%d requests were counted, want 4", used)
	}
	for _, instance := range fleet {
		if log := instance.Log(); strings.Contains(log, key.Secret) || strings.Contains(log, token) {
			t.Error("the log has the key's secret or the token")
		}
	}
}

// withPasswordFile returns the service's URL for the test's server, with the
// password in a file as there.
func withPasswordFile(t *testing.T, service, server string) string {
	t.Helper()
	given, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	real, err := url.Parse(server)
	if err != nil {
		t.Fatal("the server's URL can't be read") // the error would show its password
	}
	if _, has := given.User.Password(); has || !given.Query().Has("passfile") {
		t.Error("the service's URL takes its password from no file")
	}
	password, _ := real.User.Password()
	path := filepath.Join(t.TempDir(), "pgpass")
	line := strings.Join([]string{real.Hostname(), real.Port(), strings.TrimPrefix(real.Path, "/"), real.User.Username(), password}, ":")
	if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	query := given.Query()
	query.Set("passfile", path)
	given.User, given.Host, given.Path, given.RawQuery = url.User(real.User.Username()), real.Host, real.Path, query.Encode()
	return given.String()
}

// wantHealth runs the service's health check against an instance.
func wantHealth(t *testing.T, service composeService, instance *harness.Instance, well bool) {
	t.Helper()
	test := service.Healthcheck.Test
	if len(test) < 3 || test[0] != "CMD" || test[1] != "ration" {
		t.Fatalf("the health check is %q", test)
	}
	check := exec.CommandContext(t.Context(), harness.Binary(t), test[2:]...)
	check.Env = append(os.Environ(), "RATION_API_LISTEN="+strings.TrimPrefix(instance.APIURL, "http://"))
	if out, err := check.CombinedOutput(); (err == nil) != well {
		t.Errorf("the health check says %v, want well %t\n%s", err, well, out)
	}
}

func askVerify(t *testing.T, instance *harness.Instance, token, secret string) api.VerifyResponse {
	t.Helper()
	question, err := json.Marshal(api.VerifyRequest{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, instance.APIURL+"/v1/verify", bytes.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var said api.VerifyResponse
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %v", response.StatusCode, err)
	}
	return said
}
