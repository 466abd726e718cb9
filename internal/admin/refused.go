package admin

import (
	"context"
	"time"

	"github.com/ration-dev/ration"
)

// The bounds of LastRefused, so that it reads about as much for a key with a million calls
// a day as for another.
const (
	MaxRefused    = 10
	RefusedWithin = 1000
	RefusedDays   = 7
)

// Refused is a charge of a key that was refused, as the request log has it.
type Refused struct {
	At          time.Time
	Code        ration.Code
	Via         string // the way in
	Method      string // of the request; empty: not known
	Route       string // its name; empty: not known
	RequestID   string
	Meters      []string // that were asked for
	Reservation bool     // it was to be a reservation
}

// LastRefused returns the last charges of a key that were refused, the newest first. Where
// no request log is written, there are none.
func (s *Service) LastRefused(ctx context.Context, id ration.KeyID) ([]Refused, error) {
	entries, err := s.store.LastRefused(ctx, id)
	if err != nil {
		return nil, err
	}
	refused := make([]Refused, len(entries))
	for i, entry := range entries {
		refused[i] = Refused{
			At: entry.At, Code: entry.Code, Via: entry.Via, Method: entry.Request.Method, Route: entry.Request.Route, RequestID: entry.Request.ID,
			Reservation: entry.Action == "reserve",
		}
		for _, meter := range entry.Meters {
			refused[i].Meters = append(refused[i].Meters, meter.Meter)
		}
	}
	return refused, nil
}

// RefusedFrom returns the first UTC day that LastRefused looks at.
func RefusedFrom(now time.Time) ration.PeriodID {
	return ration.DateID(now.UTC().Date()) - RefusedDays + 1
}
