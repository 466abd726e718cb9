package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/ration-dev/ration"
)

// fields is what the audit log may tell of a record: never a secret.
type fields map[string]any

// difference is one field of an audit entry.
type difference struct {
	Old any `json:"old,omitempty"`
	New any `json:"new,omitempty"`
}

// changesFrom returns the audit details of a change between two states. Details are
// nil if nothing differs.
func (f fields) changesFrom(before fields) (json.RawMessage, error) {
	changes := make(map[string]difference)
	names := maps.Clone(f)
	maps.Copy(names, before)
	for name := range names {
		same, err := equalJSON(before[name], f[name])
		if err != nil {
			return nil, err
		}
		if !same {
			changes[name] = difference{Old: before[name], New: f[name]}
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	return marshalDetails(changes)
}

func equalJSON(a, b any) (bool, error) {
	first, err := marshalDetails(a)
	if err != nil {
		return false, err
	}
	second, err := marshalDetails(b)
	return bytes.Equal(first, second), err
}

func marshalDetails(value any) (json.RawMessage, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("writing the details of an audit entry: %w", err)
	}
	return text, nil
}

// withField adds a field to the details of an audit entry.
func withField(details json.RawMessage, name string, value difference) (json.RawMessage, error) {
	all := make(map[string]json.RawMessage)
	if err := json.Unmarshal(details, &all); err != nil {
		return nil, fmt.Errorf("reading the details of an audit entry: %w", err)
	}
	text, err := marshalDetails(value)
	if err != nil {
		return nil, err
	}
	all[name] = text
	return marshalDetails(all)
}

// keyFields describes a key, the secrets to be added included. Fields that are
// empty are left out.
func keyFields(change *KeyChange) fields {
	key := &change.Key
	all := fields{"name": key.Name, "status": key.Status}
	all.add("owner", key.Owner, key.Owner != "")
	all.add("plan", key.Plan, key.Plan != "")
	all.add("next_plan", fields{"plan": key.NextPlan, "from": key.NextPlanAt}, !key.NextPlanAt.IsZero())
	all.add("expires_at", key.ExpiresAt, !key.ExpiresAt.IsZero())
	all.add("scopes", key.Scopes, len(key.Scopes) > 0)
	all.add("allowed_ips", key.AllowedIPs, len(key.AllowedIPs) > 0)
	all.add("time_zone", key.TimeZone, key.TimeZone != "")
	all.add("unlimited", true, key.Unlimited)
	for name, value := range key.Metadata {
		all["metadata."+name] = value
	}
	for _, override := range key.Overrides {
		all[overrideField(&override)] = overrideText(override)
	}
	for _, secret := range key.Secrets {
		all["secret."+secret.ID.String()] = secretFields(secret)
	}
	if link := change.Asked.Link; link != nil {
		all["pickup"] = fields{"label": link.Label, "expires_at": link.ExpiresAt}
	}
	if decision := change.Asked.Decision; decision != nil {
		all.add("reason", decision.Reason, decision.Reason != "")
	}
	for _, secret := range change.NewSecrets {
		all["secret."+secret.ID.String()] = secretFields(secret.SecretState)
	}
	return all
}

func (f fields) add(name string, value any, present bool) {
	if present {
		f[name] = value
	}
}

func secretFields(secret ration.SecretState) fields {
	all := fields{"label": secret.Label}
	all.add("expires_at", secret.ExpiresAt, !secret.ExpiresAt.IsZero())
	all.add("revoked_at", secret.RevokedAt, !secret.RevokedAt.IsZero())
	return all
}

// overrideField names an override. A lasting one and the temporary one above it
// are two fields.
func overrideField(override *ration.Override) string {
	if override.Scheduled() {
		return "next_override." + FormatLimitKey(override.Key())
	}
	if override.Temporary() {
		return "temporary_override." + FormatLimitKey(override.Key())
	}
	return "override." + FormatLimitKey(override.Key())
}

func overrideText(override ration.Override) string {
	text := override.String()
	if override.Unlimited {
		text = "unlimited " + FormatLimitKey(override.Key())
	}
	if override.Removed {
		text = "removed"
	}
	if override.Scheduled() {
		text += " from " + override.StartsAt.UTC().Format(time.RFC3339)
	}
	if !override.ExpiresAt.IsZero() {
		text += " until " + override.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return text
}

func planFields(plan ration.Plan) fields {
	all := fields{}
	all.add("time_zone", plan.TimeZone, plan.TimeZone != "")
	all.add("unlimited", true, plan.Unlimited)
	for _, limit := range plan.Limits {
		value := fields{"limit": limit.String()}
		value.add("name", limit.Name, limit.Name != limit.Key().DefaultName())
		all["limit."+FormatLimitKey(limit.Key())] = value
	}
	for _, next := range plan.Next {
		value := fields{"limit": next.String(), "since": next.Since.UTC().Format(time.RFC3339)}
		if next.Removed {
			value["limit"] = "removed"
		}
		all["next_limit."+FormatLimitKey(next.Key())] = value // the last change of a limit is what it comes to
	}
	return all
}
