package chart_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// object is what the tests read of a manifest.
type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Data       map[string]string
	Spec       spec
}

type metadata struct {
	Name                string
	Labels, Annotations map[string]string
}

// spec has the fields of all kinds.
type spec struct {
	Replicas *int
	Template struct {
		Metadata metadata
		Spec     pod
	}
	Selector    any // of a Service: labels; else with matchLabels
	PodSelector any `yaml:"podSelector"`
	Ports       []struct {
		Name        string
		TargetPort  string `yaml:"targetPort"`
		AppProtocol string `yaml:"appProtocol"`
	}
	Type                 string
	ClusterIP            string                        `yaml:"clusterIP"`
	ServiceName          string                        `yaml:"serviceName"`
	VolumeClaimTemplates []struct{ Metadata metadata } `yaml:"volumeClaimTemplates"`
	Ingress              []struct {
		Ports []struct{ Port string }
		From  []any
	}
	Endpoints []struct{ Port, Path string }
	Target    struct{ Kind, Name string } `yaml:"scaleTargetRef"`
	Metrics   []struct {
		Type string
		Pods struct{ Metric struct{ Name string } }
	}
}

type pod struct {
	ServiceAccount   string      `yaml:"serviceAccountName"`
	AutomountToken   *bool       `yaml:"automountServiceAccountToken"`
	ServiceLinks     *bool       `yaml:"enableServiceLinks"`
	TerminationGrace int         `yaml:"terminationGracePeriodSeconds"`
	Security         podSecurity `yaml:"securityContext"`
	Containers       []container
	Volumes          []volume
}

type podSecurity struct {
	NonRoot bool                  `yaml:"runAsNonRoot"`
	User    int                   `yaml:"runAsUser"`
	Group   int                   `yaml:"runAsGroup"`
	FSGroup int                   `yaml:"fsGroup"`
	Seccomp struct{ Type string } `yaml:"seccompProfile"`
}

type container struct {
	Image string
	Args  []string
	Env   []variable
	Ports []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Startup   *probe `yaml:"startupProbe"`
	Liveness  *probe `yaml:"livenessProbe"`
	Readiness *probe `yaml:"readinessProbe"`
	Security  struct {
		Escalation   *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnly     bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities struct{ Drop, Add []string }
	} `yaml:"securityContext"`
	Mounts []struct {
		Name    string
		Path    string `yaml:"mountPath"`
		SubPath string `yaml:"subPath"`
	} `yaml:"volumeMounts"`
}

type variable struct {
	Name, Value string
	From        struct {
		Secret struct{ Name, Key string } `yaml:"secretKeyRef"`
	} `yaml:"valueFrom"`
}

type probe struct {
	HTTP struct{ Path, Port, Scheme string } `yaml:"httpGet"`
}

type volume struct {
	Name      string
	ConfigMap struct{ Name string } `yaml:"configMap"`
	Secret    struct {
		Name string `yaml:"secretName"`
		Mode int    `yaml:"defaultMode"`
	}
}

func objectsOf(t *testing.T, text string) []object {
	t.Helper()
	var all []object
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var one object
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if one.Kind != "" {
			all = append(all, one)
		}
	}
}

// of returns the objects of a kind.
func of(objects []object, kind string) []object {
	var found []object
	for _, one := range objects {
		if one.Kind == kind {
			found = append(found, one)
		}
	}
	return found
}

// one returns the only object of a kind.
func one(t *testing.T, objects []object, kind string) object {
	t.Helper()
	found := of(objects, kind)
	if len(found) != 1 {
		t.Fatalf("there are %d of kind %s, want one", len(found), kind)
	}
	return found[0]
}

// workload returns the Deployment or the StatefulSet.
func workload(t *testing.T, objects []object) object {
	t.Helper()
	if len(of(objects, "StatefulSet")) > 0 {
		return one(t, objects, "StatefulSet")
	}
	return one(t, objects, "Deployment")
}

// labels returns what a selector asks for.
func labels(t *testing.T, selector any) map[string]string {
	t.Helper()
	written, err := yaml.Marshal(selector)
	if err != nil {
		t.Fatal(err)
	}
	var nested struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	if err := yaml.Unmarshal(written, &nested); err == nil && nested.MatchLabels != nil {
		return nested.MatchLabels
	}
	var plain map[string]string
	if err := yaml.Unmarshal(written, &plain); err != nil || len(plain) == 0 {
		t.Fatalf("a selector is empty or has another form: %s, %v", written, err)
	}
	return plain
}

// selects tells whether a selector finds what has some labels.
func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}
