package admin

import (
	"fmt"
	"time"
)

// ClockFinding compares the clocks of the database and the instance.
func ClockFinding(database, instance time.Time) Finding {
	finding := Finding{Check: "clock", State: FindingOK}
	ahead := instance.Sub(database)
	finding.Detail = fmt.Sprintf("the database's is at %s, this machine's is %s", database.UTC().Format(time.RFC3339), offsetText(ahead))
	if ahead.Abs() > clockTolerance {
		finding.State = FindingProblem
		finding.Advice = "set the clock that is wrong; until both agree within 10 minutes, no period begins (clock_suspect)"
	}
	return finding
}

func offsetText(ahead time.Duration) string {
	switch rounded := ahead.Round(time.Millisecond); {
	case rounded > 0:
		return rounded.String() + " ahead"
	case rounded < 0:
		return (-rounded).String() + " behind"
	}
	return "the same"
}
