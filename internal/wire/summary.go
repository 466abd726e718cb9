package wire

import (
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Summary returns what a summary says.
func Summary(summary admin.Summary) api.Summary {
	return api.Summary{
		AsOf: summary.AsOf.UTC(), AgeSeconds: int64(summary.Age / time.Second), Keys: summary.Keys, Meters: list(summary.Meters),
		Top: convert(summary.Top, topKey), NearLimit: convert(summary.Near, nearKey),
	}
}

func topKey(key admin.TopKey) api.TopKey {
	wire := api.TopKey{KeyID: key.KeyID.String(), KeyName: key.KeyName, Owner: key.Owner, Plan: key.Plan, Used: make(map[string]api.Number, len(key.Used))}
	for _, amount := range key.Used {
		wire.Used[amount.Meter] = number(amount.Unit, amount.Units)
	}
	return wire
}

func nearKey(key admin.NearKey) api.NearKey {
	return api.NearKey{
		KeyID: key.KeyID.String(), KeyName: key.KeyName, Owner: key.Owner, Plan: key.Plan, At: key.At.UTC(),
		Percent: key.Percent(), Limit: keyLimit(key.Limit, key.Override),
	}
}
