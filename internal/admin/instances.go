package admin

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/rationadmin"
)

// Fleet is the instances that serve on a database.
type Fleet interface {
	// NoteInstance writes what an instance says of itself, and that it was seen at the
	// store's time. It forgets those that were not seen for InstanceRetention. Charges
	// don't wait for it.
	NoteInstance(ctx context.Context, instance ServingInstance) error
	// ForgetInstance forgets an instance, if it is known.
	ForgetInstance(ctx context.Context, id uuid.UUID) error
	// Instances returns the instances that were seen last, at most 1,000 and in no
	// particular order, and the store's time. Lost is for [Service].
	Instances(ctx context.Context) ([]ServingInstance, time.Time, error)
}

// ListInstances says which instances serve on the database.
func (s *Service) ListInstances(ctx context.Context) (Instances, error) {
	items, now, err := s.store.Instances(ctx)
	if err != nil {
		return Instances{}, err
	}
	for i := range items {
		items[i].Lost = now.Sub(items[i].SeenAt).Abs() > rationadmin.InstanceLostAfter // later than now: seen by a clock that was ahead
	}
	slices.SortFunc(items, func(a, b ServingInstance) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), a.StartedAt.Compare(b.StartedAt), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return Instances{Items: items, At: now}, nil
}

// checkInstances looks for instances that are not alike.
func (s *Service) checkInstances(ctx context.Context) (Finding, error) {
	finding := Finding{Check: "instances", State: FindingOK, Detail: "none has said that it runs"}
	instances, err := s.ListInstances(ctx)
	if err != nil {
		return finding, err
	}
	var running, lost []ServingInstance
	for _, instance := range instances.Items {
		if instance.Lost {
			lost = append(lost, instance)
		} else {
			running = append(running, instance)
		}
	}
	if len(running) > 0 {
		finding.Detail = "running: " + hostsOf(running)
	}
	if len(lost) > 0 {
		finding.Detail += "; not seen any more, and not stopped in order: " + hostsOf(lost)
	}
	if differ := differences(running); len(differ) > 0 {
		finding.State = FindingWarning
		finding.Detail += "; " + strings.Join(differ, "; ")
		finding.Advice = "let all instances run the same version with the same settings: otherwise it depends on the instance what an answer promises and what is kept"
	}
	return finding, nil
}

// differences says in what instances are not alike.
func differences(instances []ServingInstance) (differ []string) {
	of := func(what string, value func(*ServingInstance) string) {
		holders := make(map[string][]ServingInstance)
		for i := range instances {
			holders[value(&instances[i])] = append(holders[value(&instances[i])], instances[i])
		}
		if len(holders) < 2 {
			return
		}
		var parts []string
		for _, value := range slices.Sorted(maps.Keys(holders)) {
			parts = append(parts, cmp.Or(value, "not known")+" on "+hostsOf(holders[value]))
		}
		differ = append(differ, what+" is "+strings.Join(parts, ", "))
	}
	of("the version", func(i *ServingInstance) string { return buildText(&i.Instance) })
	names := make(map[string]bool)
	for i := range instances {
		for name := range instances[i].Settings {
			names[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		of(name, func(i *ServingInstance) string { return i.Settings[name] })
	}
	return differ
}

// buildText is a version, with its revision as far as that tells two builds apart.
func buildText(instance *Instance) string {
	text := instance.Version
	if revision := instance.Revision; revision != "" {
		text += " (" + revision[:min(len(revision), 12)] + ")"
	}
	if instance.Modified {
		text += " with changes"
	}
	return text
}

// mostNamed is how many instances a sentence names.
const mostNamed = 5

func hostsOf(instances []ServingInstance) string {
	var names []string
	for i := range instances {
		names = append(names, instances[i].Name)
	}
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
