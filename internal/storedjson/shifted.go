package storedjson

import (
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// shifted is a ledger.ShiftedWindow. It begins on a date.
type shifted struct {
	Period   ration.Period `json:"period"`
	Date     date          `json:"date"`
	EndsAt   time.Time     `json:"ends_at"`
	Used     int64         `json:"used"`
	Reserved int64         `json:"reserved,omitempty"`
	Epoch    int64         `json:"epoch"`
	Refunded int64         `json:"refunded,omitempty"`
}

// Shifted returns the windows of shifted periods as JSON text; of none it is "".
func Shifted(windows []ledger.ShiftedWindow) string {
	if len(windows) == 0 {
		return ""
	}
	kept := make([]shifted, len(windows))
	for i, w := range windows {
		kept[i] = shifted{w.Period, date(w.ID), w.EndsAt, w.Used, w.Reserved, w.Epoch, w.Refunded}
	}
	return text(kept)
}

// ReadShifted is the inverse of Shifted.
func ReadShifted(stored []byte) ([]ledger.ShiftedWindow, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	kept, err := read[[]shifted](stored)
	windows := make([]ledger.ShiftedWindow, len(kept))
	for i, s := range kept {
		windows[i] = ledger.ShiftedWindow{
			Window: ledger.Window{ID: ration.PeriodID(s.Date), EndsAt: s.EndsAt.UTC(), Used: s.Used, Reserved: s.Reserved},
			Period: s.Period, Epoch: s.Epoch, Refunded: s.Refunded,
		}
	}
	return windows, err
}
