package adminapi

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// nullMembers returns the members of a JSON object that are null: in a merge patch they
// are taken away, and decoding can't tell them from absent ones.
func nullMembers(body []byte) map[string]bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members) // what is no object has no members
	nulls := make(map[string]bool)
	for name, value := range members {
		if string(value) == "null" {
			nulls[name] = true
		}
	}
	return nulls
}

// refuseNulls refuses members that can't be taken away: nobody knows what is meant.
func refuseNulls(nulls map[string]bool, nullable ...string) error {
	for member := range nulls {
		if !slices.Contains(nullable, member) {
			return invalidForm("/"+member, "it can't be null; leave it out to keep it as it is")
		}
	}
	return nil
}

func readKeyPatch(p *api.KeyPatch, nulls map[string]bool) (patch admin.KeyPatch, err error) {
	if err := refuseNulls(nulls, "owner", "plan", "expires_at", "scopes", "allowed_ips", "time_zone"); err != nil {
		return patch, err
	}
	patch = admin.KeyPatch{
		Name: p.Name, Owner: orNone(p.Owner, nulls["owner"]), Plan: orNone(p.Plan, nulls["plan"]),
		ExpiresAt: orNone(p.ExpiresAt, nulls["expires_at"]), TimeZone: orNone(p.TimeZone, nulls["time_zone"]),
		Scopes: p.Scopes, Metadata: p.Metadata, Unlimited: p.Unlimited, FromNextPeriod: p.FromNextPeriod,
	}
	if nulls["scopes"] {
		patch.Scopes = []string{}
	}
	if patch.AllowedIPs, err = readPrefixes("allowed_ips", p.AllowedIPs); err != nil {
		return patch, err
	}
	if nulls["allowed_ips"] {
		patch.AllowedIPs = []netip.Prefix{}
	}
	if patch.SetOverrides, err = readOverrides("set_limits", p.SetLimits); err != nil {
		return patch, err
	}
	for member, list := range map[string]struct {
		texts []string
		into  *[]ration.LimitKey
	}{
		"clear_limits":           {p.ClearLimits, &patch.ClearOverrides},
		"clear_temporary_limits": {p.ClearTemporaryLimits, &patch.ClearTemporary},
		"clear_lasting_limits":   {p.ClearLastingLimits, &patch.ClearLasting},
	} {
		if *list.into, err = readLimitKeys(member, list.texts); err != nil {
			return patch, err
		}
	}
	return patch, nil
}

// orNone returns what a member is set to: the zero value if it is null.
func orNone[T string | time.Time](value *T, isNull bool) *T {
	if isNull {
		return new(T)
	}
	return value
}

// memberOf returns a member of a JSON object as it was sent; nil: it has none.
func memberOf(body []byte, name string) []byte {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members)
	return members[name]
}
