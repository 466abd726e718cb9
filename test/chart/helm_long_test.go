//go:build long

package chart_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "keep what Helm makes of the chart in testdata")

// helm returns the path of the Helm of tools/helm/go.mod.
var helm = sync.OnceValues(func() (string, error) {
	module, err := os.ReadFile(root + "/tools/helm/go.mod")
	if err != nil {
		return "", err
	}
	version := regexp.MustCompile(`(?m)helm\.sh/helm/v\d+ (v\S+)`).FindSubmatch(module)
	if version == nil {
		return "", fmt.Errorf("tools/helm/go.mod names no version of Helm")
	}
	return tool("helm-" + string(version[1]))
})

// manifests returns the path of the program of tools/manifests.
var manifests = sync.OnceValues(func() (string, error) { return tool("manifests") })

// tool returns the path of a program that make builds.
func tool(name string) (string, error) {
	path, err := filepath.Abs(root + "/.cache/bin/" + name)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: make .cache/bin/%s builds it, as make test does", err, name)
	}
	return path, nil
}

// run runs a program with some input.
func run(t *testing.T, program func() (string, error), input string, args ...string) (stdout string, err error) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), path, args...)
	// Whatever Helm has on this machine is no part of the chart.
	dir := t.TempDir()
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+dir, "HELM_CONFIG_HOME="+dir, "HELM_DATA_HOME="+dir, "KUBECONFIG="+dir+"/none")
	command.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, &stderr)
	}
	return string(out), err
}

// template renders the chart as release "shop" in namespace "web".
func template(t *testing.T, values string) (string, error) {
	t.Helper()
	return run(t, helm, values, "template", "shop", chart, "--namespace", "web", "--values", "-")
}

// TestRenderedByHelm renders all charts and holds each manifest against its type.
func TestRenderedByHelm(t *testing.T) {
	for _, row := range charts {
		t.Run(row.name, func(t *testing.T) {
			text, err := template(t, row.values)
			if err != nil {
				t.Fatal(err)
			}
			if out, err := run(t, manifests, text); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			now := rendered{sumOf(t, row.values, text), text}.String()
			kept, err := os.ReadFile(path(row.name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if string(kept) == now {
				return
			}
			if !*update {
				t.Fatalf("%s is not what Helm makes: %s", path(row.name), renew)
			}
			if err := os.WriteFile(path(row.name), []byte(now), 0o644); err != nil { //nolint:gosec // everybody may read it
				t.Fatal(err)
			}
		})
	}
}

// TestNotes: what Helm prints after an installation names what is there.
func TestNotes(t *testing.T) {
	for values, wants := range map[string][]string{
		least:      {"deployment/shop-ration in namespace web", "http://shop-ration-api.web.svc:8081", "port-forward deployment/shop-ration 8082"},
		single:     {"statefulset/shop-ration"},
		everything: {"https://shop-ration-proxy.web.svc:443", "https://shop-ration-admin.web.svc:8082", "shop-ration-envoy.web.svc:8083"},
		least + "upstream: http://api:8000\nmigration: {enabled: false}\n": {"config.trusted_proxies is empty", "migration.enabled is false"},
	} {
		out, err := run(t, helm, values, "install", "shop", chart, "--namespace", "web", "--values", "-", "--dry-run=client")
		_, notes, _ := strings.Cut(out, "NOTES:")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(notes, want) {
				t.Errorf("the notes lack %q:\n%s", want, notes)
			}
		}
	}
}
