package rationadmin

import (
	"time"

	"github.com/ration-dev/ration"
)

// MeterUnit says what a meter is counted in.
type MeterUnit struct {
	Name string
	Unit ration.Unit // zero: whole numbers
}

// Meter is a meter that was given a unit. A meter that was not needs no declaration,
// and counts whole numbers.
type Meter struct {
	MeterUnit
	CreatedAt time.Time // when it was first given a unit
	UpdatedAt time.Time
}
