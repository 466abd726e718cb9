package sqlite

import (
	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// planColumns are of plans p left joined with plan_limits l: a row per limit, or
// one with NULLs for a plan without limits.
const planColumns = "p.name, p.time_zone, p.created_at, p.updated_at, p.unlimited, l.meter, l.kind, l.period, l.name, l.quantity, l.burst, l.since"

// plan reads planColumns and returns the plan as the rows so far make it.
func (r *row) plan(sofar ration.Plan) ration.Plan {
	sofar.Name, sofar.TimeZone = r.text(0), r.text(1)
	sofar.CreatedAt, sofar.UpdatedAt = r.time(2), r.time(3)
	sofar.Unlimited = r.int(4) != 0
	if r.values[5] != nil {
		ledger.AddLimit(&sofar, r.limit(5), r.time(11))
	}
	return sofar
}
