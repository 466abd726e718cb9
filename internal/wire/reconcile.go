package wire

import (
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
)

// Reconciliation returns what the request log says of what is counted.
func Reconciliation(r admin.Reconciliation) api.Reconciliation {
	return api.Reconciliation{
		Keys: r.Keys, Logged: r.Logged, Entries: r.Entries,
		Differences: convert(r.Differences, func(d admin.Difference) api.Difference {
			wire := api.Difference{KeyID: d.KeyID.String(), Meter: d.Meter, Count: d.Count, At: instant(d.At), Counted: number(d.Unit, d.Counted), Logged: number(d.Unit, d.Logged)}
			if d.Date != 0 {
				wire.Date = d.Date.Date().Format(time.DateOnly)
			}
			return wire
		}),
	}
}
