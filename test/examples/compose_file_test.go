package examples_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/ration-dev/ration/internal/config"
)

const composeDir = "../../examples/compose"

// composeFile is what the tests read of compose.yaml.
type composeFile struct {
	Services map[string]composeService
	Secrets  map[string]struct{ File string }
}

type composeService struct {
	Build       string
	Image       string
	User        string
	ReadOnly    bool     `yaml:"read_only"`
	CapDrop     []string `yaml:"cap_drop"`
	SecurityOpt []string `yaml:"security_opt"`
	Command     []string
	Environment map[string]string
	Secrets     []string
	Ports       []string
	Healthcheck struct{ Test []string }
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	return readComposeFile(t, "compose.yaml")
}

func readComposeFile(t *testing.T, name string) composeFile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(composeDir, name))
	if err != nil {
		t.Fatal(err)
	}
	var file composeFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// ration returns the services that run Ration, by name.
func (f composeFile) ration() map[string]composeService {
	services := make(map[string]composeService)
	for name, service := range f.Services {
		if service.Build != "" {
			services[name] = service
		}
	}
	return services
}

func TestComposeRunsRationWithLittlePower(t *testing.T) {
	file := readCompose(t)
	if len(file.ration()) != 3 {
		t.Fatalf("%d services run Ration, want migrate and two instances", len(file.ration()))
	}
	for name, service := range file.ration() {
		if service.User == "" || strings.HasPrefix(service.User, "0") || strings.HasPrefix(service.User, "root") {
			t.Errorf("%s runs as %q", name, service.User)
		}
		if !service.ReadOnly || !slices.Equal(service.CapDrop, []string{"ALL"}) || !slices.Contains(service.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may more than it needs: %+v", name, service)
		}
		if _, err := os.Stat(filepath.Join(composeDir, service.Build, "Dockerfile")); err != nil {
			t.Errorf("%s can't be built: %v", name, err)
		}
		for variable := range service.Environment {
			if !slices.ContainsFunc(config.Settings(), func(s config.Setting) bool { return s.Variable() == variable }) {
				t.Errorf("%s: there is no setting %s", name, variable)
			}
		}
		for _, port := range service.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s opens %s to the network", name, port)
			}
		}
	}
}

func TestComposeStartsInOrder(t *testing.T) {
	file := readCompose(t)
	for name, service := range file.ration() {
		if on, condition := "migrate", "service_completed_successfully"; name != on && service.DependsOn[on].Condition != condition {
			t.Errorf("%s waits for %v, want %s %s", name, service.DependsOn, on, condition)
		}
	}
	if got := file.Services["migrate"].DependsOn["postgres"].Condition; got != "service_healthy" {
		t.Errorf("migrate waits until postgres is %q", got)
	}
	if len(file.Services["postgres"].Healthcheck.Test) == 0 {
		t.Error("postgres has no health check")
	}
}

// TestComposeKeepsThePasswordInFiles makes the secrets as the README says.
func TestComposeKeepsThePasswordInFiles(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(composeDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README does not say how to make the secrets")
	}
	dir := t.TempDir()
	script := exec.CommandContext(t.Context(), "sh", "-eu", "-c", string(block[1]))
	script.Dir = dir
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	file := readCompose(t)
	for name, secret := range file.Secrets {
		info, err := os.Stat(filepath.Join(dir, secret.File))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() < 40 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s has %d bytes and mode %v", name, info.Size(), info.Mode())
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory of the secrets: %v %v", info.Mode(), err)
	}
	for name, service := range file.Services {
		for variable, value := range service.Environment {
			if strings.Contains(value, "${") || regexp.MustCompile(`://[^/]*:[^/]*@|PASSWORD=|password=`).MatchString(value) {
				t.Errorf("%s: %s holds a password", name, variable)
			}
		}
		for _, secret := range service.Secrets {
			if _, ok := file.Secrets[secret]; !ok {
				t.Errorf("%s: there is no secret %s", name, secret)
			}
		}
	}
}

// TestComposeIsAcceptedByDocker asks Compose itself, where there is one.
func TestComposeIsAcceptedByDocker(t *testing.T) {
	readCompose(t)
	for _, compose := range [][]string{{"docker", "compose"}, {"docker-compose"}} {
		if exec.CommandContext(t.Context(), compose[0], append(compose[1:], "version")...).Run() != nil {
			continue
		}
		check := exec.CommandContext(t.Context(), compose[0], append(compose[1:], "config", "--quiet")...)
		check.Dir = composeDir
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(compose, " "), err, out)
		}
	}
}

// TestComposeProxyReachesItsUpstream checks the names and ports that proxy.yaml adds:
// nothing here builds the network between its containers.
func TestComposeProxyReachesItsUpstream(t *testing.T) {
	base, added := readCompose(t), readComposeFile(t, "proxy.yaml")
	image, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	proxies := 0
	published := make(map[string]bool)
	for name, service := range added.Services {
		upstream := service.Environment["RATION_UPSTREAM"]
		if upstream == "" {
			if len(service.Ports) > 0 {
				t.Errorf("%s can be reached past Ration, at %v", name, service.Ports)
			}
			continue
		}
		proxies++
		if _, there := base.ration()[name]; !there {
			t.Errorf("%s is none of compose.yaml's instances", name)
		}
		target, err := url.Parse(upstream)
		if err != nil {
			t.Fatal(err)
		}
		if api, there := added.Services[target.Hostname()]; !there || !slices.Contains(api.Command, target.Port()) {
			t.Errorf("%s stands in front of %s, and no service listens there: %+v", name, upstream, api)
		}
		for _, port := range service.Ports {
			host, inside, _ := strings.Cut(strings.TrimPrefix(port, "127.0.0.1:"), ":")
			if published[host] || !strings.Contains(string(image), "ENV RATION_LISTEN=0.0.0.0:"+inside+"\n") {
				t.Errorf("%s publishes %s, which is taken or is not where the image's proxy listens", name, port)
			}
			published[host] = true
		}
	}
	if proxies != 2 || len(published) != 2 {
		t.Errorf("%d instances have an upstream and %d publish a proxy, want 2", proxies, len(published))
	}
}
