package adminapi

import (
	"context"
	"encoding/hex"
	"net/http"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

// maxImport is the longest body of an import, in bytes: 500 keys of the largest size fit.
const maxImport = 16 << 20

func (a *API) registerImports() {
	register(a, operation{
		id: "importKeys", method: http.MethodPost, path: "/keys/import", tag: tagKeys, scope: scopeKeys, body: maxImport,
		summary: "Create keys that keep the secrets they have", about: "In one transaction. Keys whose secret is known already stay as they are, so it can be sent again.",
		example: api.KeysImport{Keys: []api.ImportedKey{{Name: "Bob", Owner: "bob@example.com", Plan: "free", Secret: "a-secret-that-another-system-made"}}},
	}, importKeys)
	register(a, operation{
		id: "findKeys", method: http.MethodPost, path: "/keys/find", tag: tagKeys, scope: scopeKeys, body: maxImport,
		summary: "Find the keys that secrets belong to",
		example: api.KeysSearch{Secrets: []string{"a-secret-that-another-system-made"}},
	}, findKeys)
	register(a, operation{
		id: "importUsage", method: http.MethodPost, path: "/usage/import", tag: tagUsage, scope: scopeKeys, body: maxImport,
		summary: "Raise the usage of days to at least what was counted elsewhere", about: "In one transaction. Sent again, it changes nothing.",
		example: api.UsageImport{Days: []api.ImportedDay{{Key: exampleKey, Meter: "requests", Date: "2026-01-31", Used: "120"}}},
	}, importUsage)
}

type importKeysInput struct {
	Body api.KeysImport
}

func importKeys(ctx context.Context, c Caller, in *importKeysInput) (*reply[api.KeysImported], error) {
	keys, err := readKeysImport(&in.Body)
	if err != nil {
		return nil, err
	}
	imported, err := c.Operations.ImportKeys(ctx, c.Actor, keys)
	return replyWith(wire.KeysImported(imported, keys.DryRun), err)
}

func readKeysImport(body *api.KeysImport) (keys rationadmin.KeysImport, err error) {
	keys = rationadmin.KeysImport{Before: body.Before, DryRun: body.DryRun}
	for i := range body.Keys {
		key, err := readImportedKey(&body.Keys[i])
		if err != nil {
			return keys, below(element("keys", i), err)
		}
		keys.Keys = append(keys.Keys, key)
	}
	return keys, nil
}

func readImportedKey(k *api.ImportedKey) (rationadmin.ImportedKey, error) {
	key := rationadmin.ImportedKey{
		Name: k.Name, Owner: k.Owner, Plan: k.Plan, Status: ration.Status(k.Status), Scopes: k.Scopes,
		CreatedAt: instant(k.CreatedAt), Secret: ration.SecretFromText(k.Secret), Unlimited: k.Unlimited,
	}
	if key.Status == "" {
		key.Status = ration.StatusActive
	}
	digest, err := hex.DecodeString(k.SHA256)
	if err != nil || len(digest) != len(key.Digest) && len(digest) != 0 {
		return key, invalidValue("/sha256", "use the 64 hexadecimal digits of the secret's SHA-256")
	}
	copy(key.Digest[:], digest)
	return key, nil
}

type findKeysInput struct {
	Body api.KeysSearch
}

func findKeys(ctx context.Context, c Caller, in *findKeysInput) (*reply[api.KeysFound], error) {
	secrets := make([]ration.Secret, len(in.Body.Secrets))
	for i, text := range in.Body.Secrets {
		secrets[i] = ration.SecretFromText(text)
	}
	ids, err := c.Operations.FindKeys(ctx, secrets)
	found := api.KeysFound{Keys: make([]*string, len(ids))}
	for i, id := range ids {
		if !id.IsZero() {
			found.Keys[i] = new(id.String())
		}
	}
	return replyWith(found, err)
}

type importUsageInput struct {
	Body api.UsageImport
}

func importUsage(ctx context.Context, c Caller, in *importUsageInput) (*reply[api.UsageImported], error) {
	usage, err := readUsageImport(&in.Body)
	if err != nil {
		return nil, err
	}
	imported, err := c.Operations.ImportUsage(ctx, c.Actor, usage)
	return replyWith(wire.UsageImported(imported, usage.DryRun), err)
}

func readUsageImport(body *api.UsageImport) (usage rationadmin.UsageImport, err error) {
	usage.DryRun = body.DryRun
	for i := range body.Days {
		day, err := readImportedDay(&body.Days[i], i+1)
		if err != nil {
			return usage, below(element("days", i), err)
		}
		usage.Days = append(usage.Days, day)
	}
	return usage, nil
}

func readImportedDay(d *api.ImportedDay, number int) (day rationadmin.ImportedDay, err error) {
	day = rationadmin.ImportedDay{Row: d.Row, Meter: d.Meter, LastRequestAt: instant(d.LastRequestAt)}
	used, err := readNumber("/used", d.Meter, d.Used)
	if err != nil {
		return day, err
	}
	day.Used, day.Unit = used.Units, used.Unit
	if day.Row == 0 {
		day.Row = number
	}
	if day.Meter == "" {
		day.Meter = ration.MeterRequests
	}
	if day.KeyID, err = ration.ParseKeyID(d.Key); err != nil {
		return day, at("/key", err)
	}
	if d.Date == "" {
		return day, invalidValue("/date", "use a date such as 2030-01-31")
	}
	day.Date, err = readDate("/date", d.Date)
	return day, err
}
