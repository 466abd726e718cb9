//go:build long

package chart_test

import (
	"strings"
	"testing"
)

// refused are values that make no chart, and a part of the sentence that says why.
var refused = []struct{ name, values, want string }{
	{"nothing", "", "image.repository is empty"},
	{"no tag", "image: {repository: ration}\n", "image.tag is empty"},
	{"no database", "image: {repository: ration, tag: v1}\n", "database.postgresql.existingSecret is empty"},
	{"SQLite with several", "image: {repository: ration, tag: v1}\ndatabase: {kind: sqlite}\n", "replicas is 3, and database.kind is sqlite"},
	{"SQLite that scales", single + "autoscaling: {enabled: true}\n", "autoscaling.enabled is true, and database.kind is sqlite"},
	{"another database", "image: {repository: ration, tag: v1}\ndatabase: {kind: mysql}\n", "kind"},
	{"URL in the values", least + "config: {db: \"postgres://ration:hunter2@db/ration\"}\n", "config.db: set database of the chart instead"},
	{"pepper in the values", least + "secrets: {pepper: {value: hunter2-hunter2-hunter2}}\n", "value"},
	{"pepper in a variable", least + "extraEnv: [{name: RATION_PEPPER, value: hunter2-hunter2-hunter2}]\n", "name its Secret with secrets.pepper"},
	{"URL in a variable", least + "extraEnv: [{name: RATION_DB, value: \"postgres://ration:hunter2@db/ration\"}]\n", "name its Secret with database.postgresql.existingSecret"},
	{"headers with secrets", least + "config: {upstream_headers: {X-Token: hunter2}}\n", "config.upstream_headers: set existingConfigSecret"},
	{"misspelt value", least + "replica: 2\n", "replica"},
	{"misspelt setting", least + "config: {trusted_proxy: 10.0.0.0/8}\n", "trusted_proxy"},
	{"text for a number", least + "config: {max_connections: \"8192\"}\n", "max_connections"},
	{"setting of commands", least + "config: {server: \"https://ration.example.com\"}\n", "server"},
	{"two files", least + "existingConfigSecret: file\nconfig: {request_log_days: 3}\n", "config has request_log_days"},
	{"admin in plain text", least + "admin: {mode: service}\n", "tls.admin.existingSecret is empty"},
	{"upstream with a password", least + "upstream: http://api:hunter2@api:8000\n", "upstream"},
	{"processor without a request", least + "autoscaling: {enabled: true, metric: cpu}\nresources: {requests: {cpu: null}}\n", "resources.requests.cpu is empty"},
	{"queue without metrics", least + "autoscaling: {enabled: true}\nmetrics: {enabled: false}\n", "metrics.enabled is false"},
	{"monitor without metrics", least + "metrics: {enabled: false, serviceMonitor: {enabled: true}}\n", "nothing to scrape"},
	{"more than most", least + "autoscaling: {enabled: true, minReplicas: 9}\n", "autoscaling.minReplicas is 9"},
	{"update that can't begin", least + "rollingUpdate: {maxSurge: 0}\n", "no update could begin"},
}

func TestWhatCantBeRightIsRefused(t *testing.T) {
	for _, row := range refused {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			out, err := template(t, row.values)
			if err == nil {
				t.Fatalf("it makes\n%s", out)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v, want a sentence with %q", err, row.want)
			}
			// The values of upstream are shown by Helm, which checks its form.
			if strings.Contains(err.Error(), "hunter2") && !strings.HasPrefix(row.name, "upstream") {
				t.Errorf("it shows a secret: %v", err)
			}
		})
	}
}

func TestLinterAcceptsTheChart(t *testing.T) {
	for _, values := range []string{least, single, everything} {
		if out, err := run(t, helm, values, "lint", "--strict", chart, "--values", "-"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestTypesAreStrict keeps the check of types from passing whatever it is given.
func TestTypesAreStrict(t *testing.T) {
	text, err := template(t, least)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"enableServiceLinks:", "enableServiceLink:"},
		{"enableServiceLinks:", "enableservicelinks:"},
		{"replicas: 3", "replicas: three"},
		{"maxSurge: 1", "maxSurge: 1\n      maxSurge: 1"},
		{"kind: Deployment", "kind: Deploymint"},
		{"apiVersion: policy/v1", "apiVersion: policy/v1beta1"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if _, err := run(t, manifests, changed); err == nil || changed == text {
			t.Errorf("%q passes", change[1])
		}
	}
	for name, text := range map[string]string{"nothing": "", "a document without a kind": "a: 1\n", "the same twice": text + "\n---\n" + text} {
		if _, err := run(t, manifests, text); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}
