// Package storedjson writes what stores keep of earlier charges as JSON text: the same
// in every database, readable by queries, and by later releases.
package storedjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// posting is a ration.Posting. An hour is its start, anything else its first date.
type posting struct {
	Meter string      `json:"meter"`
	Units int64       `json:"units"`
	Hour  time.Time   `json:"hour"`
	Day   date        `json:"day"`
	Week  date        `json:"week"`
	Month date        `json:"month"`
	Epoch int64       `json:"epoch,omitempty"`
	Unit  ration.Unit `json:"unit,omitempty"`
}

// date is the id of a day, a week or a month.
type date ration.PeriodID

// MarshalText implements encoding.TextMarshaler.
func (d date) MarshalText() ([]byte, error) {
	return []byte(ration.PeriodID(d).Date().Format(time.DateOnly)), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *date) UnmarshalText(text []byte) error {
	day, err := time.Parse(time.DateOnly, string(text))
	*d = date(ration.DateID(day.Date()))
	return err
}

// amount is a ration.Amount. A unit is the number of its decimal places.
type amount struct {
	Meter string      `json:"meter"`
	Units int64       `json:"units"`
	Unit  ration.Unit `json:"unit,omitempty"`
}

type limit struct {
	Name        string      `json:"name"`
	Meter       string      `json:"meter"`
	Kind        string      `json:"kind"`
	Period      string      `json:"period"`
	Quantity    int64       `json:"quantity"`
	Burst       int64       `json:"burst,omitempty"`
	Unit        ration.Unit `json:"unit,omitempty"`
	Used        int64       `json:"used"`
	Reserved    int64       `json:"reserved"`
	Remaining   int64       `json:"remaining"`
	ResetsAt    time.Time   `json:"resets_at,omitzero"`
	AvailableAt time.Time   `json:"available_at,omitzero"`
}

// answer is what is remembered by an idempotency key.
type answer struct {
	Limits      []limit      `json:"limits"`
	Reservation *reservation `json:"reservation,omitempty"`
}

// reservation is one as it was made.
type reservation struct {
	ID        string    `json:"id"`
	AtExpiry  string    `json:"at_expiry"`
	Held      []posting `json:"held"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// logMeter is a ledger.LogMeter.
type logMeter struct {
	Meter       string `json:"meter"`
	Day         date   `json:"day"`
	Used        int64  `json:"used,omitempty"`
	Reserved    int64  `json:"reserved,omitempty"`
	Denied      int64  `json:"denied,omitempty"`
	UsedAfter   int64  `json:"used_after"`
	DeniedAfter int64  `json:"denied_after"`
}

// Postings returns what a reservation holds as JSON text.
func Postings(held []ration.Posting) string { return text(postingsOf(held)) }

// ReadPostings is the inverse of Postings. A reservation holds at least requests,
// if none of them: whoever ends it takes its periods from there.
func ReadPostings(stored []byte) ([]ration.Posting, error) {
	held, err := read[[]posting](stored)
	if err == nil && len(held) == 0 {
		err = errors.New("reading what is kept of an earlier charge: it holds nothing")
	}
	return ownPostings(held), err
}

// Amounts returns what was settled as JSON text; of none it is "".
func Amounts(settled []ration.Amount) string {
	if settled == nil {
		return ""
	}
	amounts := make([]amount, len(settled))
	for i, a := range settled {
		amounts[i] = amount(a)
	}
	return text(amounts)
}

// ReadAmounts is the inverse of Amounts.
func ReadAmounts(stored []byte) ([]ration.Amount, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	amounts, err := read[[]amount](stored)
	settled := make([]ration.Amount, len(amounts))
	for i, a := range amounts {
		settled[i] = ration.Amount(a)
	}
	return settled, err
}

// Limits returns limits as they stood as JSON text.
func Limits(statuses []ration.LimitStatus) string { return text(limitsOf(statuses)) }

// ReadLimits is the inverse of Limits.
func ReadLimits(stored []byte) ([]ration.LimitStatus, error) {
	limits, err := read[[]limit](stored)
	return ownLimits(limits), err
}

// Answer returns what a replay tells as JSON text.
func Answer(replay *ledger.Replay) string {
	kept := answer{Limits: limitsOf(replay.Limits)}
	if r := replay.Reservation; r != nil {
		kept.Reservation = &reservation{
			ID: r.ID.String(), AtExpiry: string(r.AtExpiry), Held: postingsOf(r.Held), CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
		}
	}
	return text(kept)
}

// ReadAnswer is the inverse of Answer: it completes a replay, whose Fingerprint
// and CreatedAt are there, of a key.
func ReadAnswer(stored []byte, key ration.KeyID, replay *ledger.Replay) error {
	kept, err := read[answer](stored)
	if err != nil {
		return err
	}
	replay.Limits = ownLimits(kept.Limits)
	if kept.Reservation == nil {
		return nil
	}
	id, err := ration.ParseReservationID(kept.Reservation.ID)
	replay.Reservation = &ration.Reservation{
		ID: id, KeyID: key, State: ration.ReservationOpen, AtExpiry: ration.AtExpiry(kept.Reservation.AtExpiry),
		Held: ownPostings(kept.Reservation.Held), CreatedAt: kept.Reservation.CreatedAt, ExpiresAt: kept.Reservation.ExpiresAt,
		Fingerprint: replay.Fingerprint, Limits: replay.Limits,
	}
	return err
}

// LogMeters returns what an entry of the request log changed as JSON text.
func LogMeters(changes []ledger.LogMeter) string {
	meters := make([]logMeter, len(changes))
	for i, c := range changes {
		meters[i] = logMeter{c.Meter, date(c.Day), c.Used, c.Reserved, c.Denied, c.UsedAfter, c.DeniedAfter}
	}
	return text(meters)
}

// ReadLogMeters is the inverse of LogMeters.
func ReadLogMeters(stored []byte) ([]ledger.LogMeter, error) {
	meters, err := read[[]logMeter](stored)
	changes := make([]ledger.LogMeter, len(meters))
	for i, m := range meters {
		changes[i] = ledger.LogMeter{
			Meter: m.Meter, Day: ration.PeriodID(m.Day), Used: m.Used, Reserved: m.Reserved, Denied: m.Denied,
			UsedAfter: m.UsedAfter, DeniedAfter: m.DeniedAfter,
		}
	}
	return changes, err
}

func postingsOf(held []ration.Posting) []posting {
	postings := make([]posting, len(held))
	for i, p := range held {
		postings[i] = posting{
			Meter: p.Meter, Units: p.Units, Hour: p.Periods[0].Hour(),
			Day: date(p.Periods[1]), Week: date(p.Periods[2]), Month: date(p.Periods[3]), Epoch: p.Epoch, Unit: p.Unit,
		}
	}
	return postings
}

func ownPostings(postings []posting) []ration.Posting {
	held := make([]ration.Posting, len(postings))
	for i, p := range postings {
		held[i] = ration.Posting{Meter: p.Meter, Units: p.Units, Unit: p.Unit, Epoch: p.Epoch}
		held[i].Periods = [...]ration.PeriodID{ration.HourID(p.Hour), ration.PeriodID(p.Day), ration.PeriodID(p.Week), ration.PeriodID(p.Month)}
	}
	return held
}

func limitsOf(statuses []ration.LimitStatus) []limit {
	limits := make([]limit, len(statuses))
	for i, s := range statuses {
		limits[i] = limit{
			Name: s.Name, Meter: s.Meter, Kind: string(s.Kind), Period: string(s.Period), Quantity: s.Quantity, Burst: s.Burst, Unit: s.Unit,
			Used: s.Used, Reserved: s.Reserved, Remaining: s.Remaining, ResetsAt: s.ResetsAt, AvailableAt: s.AvailableAt,
		}
	}
	return limits
}

func ownLimits(limits []limit) []ration.LimitStatus {
	statuses := make([]ration.LimitStatus, len(limits))
	for i, l := range limits {
		statuses[i] = ration.LimitStatus{
			Limit: ration.Limit{Name: l.Name, Meter: l.Meter, Kind: ration.Kind(l.Kind), Quantity: l.Quantity, Period: ration.Period(l.Period), Burst: l.Burst, Unit: l.Unit},
			Used:  l.Used, Reserved: l.Reserved, Remaining: l.Remaining, ResetsAt: l.ResetsAt, AvailableAt: l.AvailableAt,
		}
	}
	return statuses
}

// text marshals what can always be marshalled: times come from a store, whose
// years have four digits.
func text(value any) string {
	marshalled, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("kept: %v", err))
	}
	return string(marshalled)
}

func read[T any](stored []byte) (value T, err error) {
	if err := json.Unmarshal(stored, &value); err != nil {
		return value, fmt.Errorf("reading what is kept of an earlier charge: %w", err)
	}
	return value, nil
}
