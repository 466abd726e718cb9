// Command manifests reads Kubernetes manifests from its standard input, as "helm template"
// prints them, and fails unless each decodes into the type that its apiVersion and kind
// name, without a field that the type lacks, a field that is there twice or a value of
// another type. It prints each as kind/name.
//
// It has a module of its own, so that nothing of Kubernetes is among what Ration needs.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	strict "sigs.k8s.io/yaml"
)

// types are those that a chart may use.
var types = map[string]func() any{
	"v1 ConfigMap":                            func() any { return new(core.ConfigMap) },
	"v1 Service":                              func() any { return new(core.Service) },
	"v1 ServiceAccount":                       func() any { return new(core.ServiceAccount) },
	"apps/v1 Deployment":                      func() any { return new(apps.Deployment) },
	"apps/v1 StatefulSet":                     func() any { return new(apps.StatefulSet) },
	"batch/v1 Job":                            func() any { return new(batch.Job) },
	"policy/v1 PodDisruptionBudget":           func() any { return new(policy.PodDisruptionBudget) },
	"autoscaling/v2 HorizontalPodAutoscaler":  func() any { return new(autoscaling.HorizontalPodAutoscaler) },
	"networking.k8s.io/v1 NetworkPolicy":      func() any { return new(networking.NetworkPolicy) },
	"monitoring.coreos.com/v1 ServiceMonitor": func() any { return new(monitoring.ServiceMonitor) },
}

func main() {
	if err := check(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check judges all documents of a stream, of which there must be one at least.
func check(in io.Reader, out io.Writer) error {
	documents := yaml.NewYAMLReader(bufio.NewReader(in))
	var errs []error
	seen := make(map[string]bool)
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, err := checkOne(document)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		case name == "":
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s is there twice", name))
		default:
			seen[name] = true
			fmt.Fprintln(out, name)
		}
	}
	if len(seen) == 0 && errs == nil {
		return errors.New("there is no manifest")
	}
	return errors.Join(errs...)
}

// checkOne judges a document and returns its kind/name; "" if it is empty.
func checkOne(document []byte) (name string, err error) {
	var head struct {
		meta.TypeMeta   `json:",inline"`
		meta.ObjectMeta `json:"metadata"`
	}
	if err := strict.Unmarshal(document, &head); err != nil {
		return "a document", err
	}
	if head.Kind == "" && head.APIVersion == "" && head.Name == "" {
		return "", onlyEmpty(document)
	}
	name = head.Kind + "/" + head.Name
	kind, known := types[head.APIVersion+" "+head.Kind]
	switch {
	case !known:
		return name, fmt.Errorf("the type %q of %q is not known here", head.Kind, head.APIVersion)
	case head.Name == "":
		return name, errors.New("it has no name")
	}
	return name, decode(document, kind())
}

// decode is as strict as a server of Kubernetes with strict validation: names of fields
// have their case.
func decode(document []byte, into any) error {
	content, err := strict.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	faults, err := json.UnmarshalStrict(content, into)
	return errors.Join(append(faults, err)...)
}

// onlyEmpty refuses what has content and says not of which kind.
func onlyEmpty(document []byte) error {
	var content any
	if err := strict.Unmarshal(document, &content); err != nil || content != nil {
		return errors.New("a document has neither apiVersion nor kind")
	}
	return nil
}
