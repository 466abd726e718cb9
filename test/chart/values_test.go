package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/config"
)

func TestChartIsWhole(t *testing.T) {
	for _, row := range charts {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			objects := render(t, row.name)
			var kinds []string
			for _, o := range objects {
				if o.Kind == "Service" {
					o.Kind += o.Metadata.Name[strings.LastIndex(o.Metadata.Name, "-"):]
					o.Kind = strings.Replace(o.Kind, "-", "/", 1)
				}
				kinds = append(kinds, o.Kind)
			}
			slices.Sort(kinds)
			if got := strings.Join(kinds, " "); got != row.want {
				t.Errorf("it has\n%s, want\n%s", got, row.want)
			}
			checkNames(t, objects)
			checkReferences(t, objects)
			checkPod(t, objects)
			checkFile(t, objects)
		})
	}
}

// checkNames holds names against the bounds that types don't know.
func checkNames(t *testing.T, objects []object) {
	t.Helper()
	for _, o := range objects {
		if len(o.Metadata.Name) > 63 {
			t.Errorf("the name %s has more than 63 characters", o.Metadata.Name)
		}
		for name, value := range o.Metadata.Labels {
			if len(value) > 63 {
				t.Errorf("the label %s of %s has more than 63 characters", name, o.Metadata.Name)
			}
		}
		for _, c := range o.Spec.Template.Spec.Containers {
			for _, port := range c.Ports {
				if len(port.Name) > 15 {
					t.Errorf("the port %s has more than 15 characters", port.Name)
				}
			}
		}
	}
}

// checkReferences follows names from object to object.
func checkReferences(t *testing.T, objects []object) {
	t.Helper()
	server := workload(t, objects)
	pods := server.Spec.Template.Metadata.Labels
	ports := make(map[string]bool)
	for _, port := range server.Spec.Template.Spec.Containers[0].Ports {
		ports[port.Name] = true
	}
	reaches := func(o object, selector any) {
		t.Helper()
		if asked := labels(t, selector); !selects(asked, pods) {
			t.Errorf("%s %s selects %v, and the pods have %v", o.Kind, o.Metadata.Name, asked, pods)
		} else if job := of(objects, "Job"); len(job) > 0 && selects(asked, job[0].Spec.Template.Metadata.Labels) {
			t.Errorf("%s %s selects the migration, too", o.Kind, o.Metadata.Name)
		}
	}
	wants := func(o object, port string) {
		t.Helper()
		if !ports[port] {
			t.Errorf("%s %s names the port %q, which no container has", o.Kind, o.Metadata.Name, port)
		}
	}
	reaches(server, server.Spec.Selector)
	for _, o := range objects {
		switch o.Kind {
		case "Service":
			reaches(o, o.Spec.Selector)
			for _, port := range o.Spec.Ports {
				wants(o, port.TargetPort)
			}
		case "PodDisruptionBudget":
			reaches(o, o.Spec.Selector)
		case "NetworkPolicy":
			reaches(o, o.Spec.PodSelector)
			allowed := make(map[string]bool)
			for _, rule := range o.Spec.Ingress {
				wants(o, rule.Ports[0].Port)
				allowed[rule.Ports[0].Port] = true
			}
			for port := range ports {
				if !allowed[port] {
					t.Errorf("the NetworkPolicy lets nobody reach the port %s", port)
				}
			}
		case "HorizontalPodAutoscaler":
			if o.Spec.Target.Kind != server.Kind || o.Spec.Target.Name != server.Metadata.Name || server.Spec.Replicas != nil {
				t.Errorf("it scales %+v of %d replicas, want %s %s without", o.Spec.Target, server.Spec.Replicas, server.Kind, server.Metadata.Name)
			}
		case "ServiceMonitor":
			checkMonitor(t, objects, o)
		}
	}
	if server.Kind == "StatefulSet" && !slices.ContainsFunc(of(objects, "Service"), func(o object) bool { return o.Metadata.Name == server.Spec.ServiceName }) {
		t.Errorf("the StatefulSet names the Service %s, which is not there", server.Spec.ServiceName)
	}
}

// checkMonitor wants a ServiceMonitor to find one Service, and a port of it.
func checkMonitor(t *testing.T, objects []object, monitor object) {
	t.Helper()
	var ports []string
	for _, o := range of(objects, "Service") {
		if selects(labels(t, monitor.Spec.Selector), o.Metadata.Labels) {
			for _, port := range o.Spec.Ports {
				ports = append(ports, port.Name)
			}
		}
	}
	if !slices.Equal(ports, []string{monitor.Spec.Endpoints[0].Port}) {
		t.Errorf("the ServiceMonitor scrapes the port %s of Services that have %q", monitor.Spec.Endpoints[0].Port, ports)
	}
}

// checkPod holds the pods against what they may do, and their volumes against each other.
func checkPod(t *testing.T, objects []object) {
	t.Helper()
	for _, o := range append(of(objects, "Job"), workload(t, objects)) {
		pod := o.Spec.Template.Spec
		c := pod.Containers[0]
		switch {
		case pod.AutomountToken == nil || *pod.AutomountToken:
			t.Errorf("%s: the pod gets a token of Kubernetes", o.Kind)
		case pod.ServiceLinks == nil || *pod.ServiceLinks:
			t.Errorf("%s: variables such as RATION_PORT would reach the server", o.Kind)
		case !pod.Security.NonRoot || pod.Security.Seccomp.Type != "RuntimeDefault" || pod.Security.FSGroup != pod.Security.Group:
			t.Errorf("%s: %+v", o.Kind, pod.Security)
		case c.Security.Escalation == nil || *c.Security.Escalation || !c.Security.ReadOnly || len(c.Security.Capabilities.Add) > 0 || !slices.Equal(c.Security.Capabilities.Drop, []string{"ALL"}):
			t.Errorf("%s: %+v", o.Kind, c.Security)
		}
		names := make(map[string]int)
		for _, v := range pod.Volumes {
			names[v.Name]++
			if v.ConfigMap.Name != "" && one(t, objects, "ConfigMap").Metadata.Name != v.ConfigMap.Name {
				t.Errorf("%s: the ConfigMap %s is not there", o.Kind, v.ConfigMap.Name)
			}
		}
		for _, claim := range o.Spec.VolumeClaimTemplates {
			names[claim.Metadata.Name]++
		}
		paths := make(map[string]bool)
		for _, mount := range c.Mounts {
			if names[mount.Name] != 1 || paths[mount.Path] {
				t.Errorf("%s: %d volumes are named %s, and %s is taken: %t", o.Kind, names[mount.Name], mount.Name, mount.Path, paths[mount.Path])
			}
			paths[mount.Path] = true
		}
		variables := make(map[string]bool)
		for _, v := range c.Env {
			if variables[v.Name] || v.Value == "" && (v.From.Secret.Name == "" || v.From.Secret.Key == "") {
				t.Errorf("%s: the variable %s is there twice, or has no value", o.Kind, v.Name)
			}
			variables[v.Name] = true
		}
	}
}

// checkFile holds the file and the variables against the settings, and the time that
// Kubernetes gives a pod against the time that they let the server take.
func checkFile(t *testing.T, objects []object) {
	t.Helper()
	server := workload(t, objects)
	sources := config.Sources{Environment: environment(t, server, standIns)}
	if found := of(objects, "ConfigMap"); len(found) > 0 {
		sources.File = filepath.Join(t.TempDir(), "ration.yaml")
		if err := os.WriteFile(sources.File, []byte(found[0].Data["ration.yaml"]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sources.Environment = slices.DeleteFunc(sources.Environment, func(v string) bool { return strings.HasPrefix(v, "RATION_CONFIG=") })
	settings, err := config.Load(sources)
	if err != nil {
		t.Fatalf("Ration refuses the settings: %v", err)
	}
	for _, note := range settings.Notes {
		if strings.Contains(note, "twice") {
			t.Error(note)
		}
	}
	need := settings.ShutdownDelay + settings.ShutdownGrace + 10*time.Second // to write what was charged
	if got := time.Duration(server.Spec.Template.Spec.TerminationGrace) * time.Second; got != need {
		t.Errorf("a pod is killed after %s, and may need %s", got, need)
	}
}

// standIns are values of Secrets, by their key.
var standIns = map[string]string{
	"url": "postgres://ration@db/ration", "DATABASE_URL": "postgres://ration@db/ration",
	"pepper": "a-pepper-of-many-characters", "client-secret": "a-client-secret", "token": "rt_a_token",
}

// environment returns the variables of a workload's container, those of Secrets by key.
func environment(t *testing.T, o object, secrets map[string]string) []string {
	t.Helper()
	var all []string
	for _, v := range o.Spec.Template.Spec.Containers[0].Env {
		value := v.Value
		if v.From.Secret.Name != "" {
			stored, ok := secrets[v.From.Secret.Key]
			if !ok {
				t.Fatalf("%s is the key %s of a Secret, which this test doesn't know", v.Name, v.From.Secret.Key)
			}
			value = stored
		}
		all = append(all, v.Name+"="+value)
	}
	return all
}

// TestImageIsTheOneOfTheDockerfile: the chart runs what INSTALL.md builds.
func TestImageIsTheOneOfTheDockerfile(t *testing.T) {
	dockerfile, err := os.ReadFile(root + "/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	server := workload(t, render(t, "SQLite"))
	pod := server.Spec.Template.Spec
	if pod.Containers[0].Image != "registry.example.com/ration:v1.2.3" {
		t.Errorf("the image is %s", pod.Containers[0].Image)
	}
	for what, line := range map[string]string{
		"the user of the pods":        "USER 65532:65532\n",
		"where the database is":       "VOLUME /data\n",
		"what args are arguments of":  "ENTRYPOINT [\"ration\"]\n",
		"the database of its command": "ENV RATION_DB=" + environmentOf(t, server, "RATION_DB") + "\n",
	} {
		if !strings.Contains(string(dockerfile), line) {
			t.Errorf("%s: the Dockerfile has no line %q", what, line)
		}
	}
	if pod.Security.User != 65532 || pod.Security.Group != 65532 {
		t.Errorf("the pods run as %d:%d", pod.Security.User, pod.Security.Group)
	}
	digest := workload(t, render(t, "everything")).Spec.Template.Spec.Containers[0].Image
	if !strings.HasPrefix(digest, "registry.example.com/ration@sha256:") {
		t.Errorf("with a digest the image is %s", digest)
	}
}

func environmentOf(t *testing.T, o object, name string) string {
	t.Helper()
	for _, v := range environment(t, o, standIns) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	t.Fatalf("there is no %s", name)
	return ""
}

// TestAnotherFileReplacesThePods: Ration reads its file when it starts.
func TestAnotherFileReplacesThePods(t *testing.T) {
	sum := func(name string) string {
		return workload(t, render(t, name)).Spec.Template.Metadata.Annotations["checksum/config"]
	}
	before, same, other := sum("least"), sum("more replicas"), sum("another file")
	if before == "" || before != same || before == other {
		t.Errorf("the file's sum is %q, %q with more replicas, and %q with another file", before, same, other)
	}
}

// TestNoPodRunsWhileAFileIsRestored: with SQLite, replicas are 1 or 0.
func TestNoPodRunsWhileAFileIsRestored(t *testing.T) {
	for name, want := range map[string]int{"SQLite": 1, "SQLite stopped": 0} {
		if got := workload(t, render(t, name)).Spec.Replicas; got == nil || *got != want {
			t.Errorf("%s: %v replicas, want %d", name, got, want)
		}
	}
}
