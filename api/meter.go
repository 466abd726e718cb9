package api

import "time"

// Meter is a meter that was given a unit. A meter without one counts whole numbers.
type Meter struct {
	Name      string    `json:"name"`
	Unit      Number    `json:"unit"` // 1, 0.1, 0.01 and so on to 0.000000001
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// MeterUnit is the body of PUT /v1/admin/meters/{name}.
type MeterUnit struct {
	Unit Number `json:"unit"` // 1, 0.1, 0.01 and so on to 0.000000001
}

// NewMeter is a meter with the unit that it is to have.
type NewMeter struct {
	Name string `json:"name"`
	Unit Number `json:"unit"` // 1, 0.1, 0.01 and so on to 0.000000001
}

// MeterChange is what became of the unit of a meter that was applied.
type MeterChange struct {
	Action string `json:"action"` // created, updated, unchanged
	Before *Meter `json:"before"` // null: it had no unit of its own
	After  Meter  `json:"after"`
}
