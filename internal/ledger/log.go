package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// LogAction says what an entry of the request log records.
type LogAction string

// The things that entries record.
const (
	LogCharge  LogAction = "charge"
	LogReserve LogAction = "reserve"
	LogSettle  LogAction = "settle"
	LogVoid    LogAction = "void"
	LogExpire  LogAction = "expire"
	LogRefund  LogAction = "refund"
)

// LogEntry is an entry of the request log. It records one thing that changed a key's
// counts, and is written in the same transaction.
type LogEntry struct {
	At          time.Time
	Action      LogAction
	Code        ration.Code // ok, or why a charge was denied
	Via         string
	Request     ration.RequestInfo
	Reservation ration.ReservationID // the reservation that was made or ended; zero: none
	Meters      []LogMeter
}

// LogMeter is what an entry changed on one meter, with the counts after it. By these
// counts one can see whether an entry is missing between two entries of a key.
type LogMeter struct {
	Meter       string
	Day         ration.PeriodID // the day to whose history Used or Denied belongs
	Used        int64           // units added; negative: taken off
	Reserved    int64           // likewise
	Denied      int64           // charges
	UsedAfter   int64           // units, in all time
	DeniedAfter int64           // charges, in all time
}

// Log makes the account keep what its items change, for LogEntries. Call it before
// the first item.
func (a *Account) Log() { a.logging = true }

// LogEntries returns the entries of the items that changed something, in the order of
// the items.
func (a *Account) LogEntries() []LogEntry { return a.entries }

// beginEntry begins the entry of the next item. An item that changes nothing leaves
// no entry.
func (a *Account) beginEntry(entry LogEntry) {
	if a.logging {
		a.entries = append(a.entries, entry)
	}
}

// endEntry completes the last entry, or drops it if nothing was changed.
func (a *Account) endEntry() {
	if !a.logging {
		return
	}
	last := &a.entries[len(a.entries)-1]
	if len(last.Meters) == 0 {
		a.entries = a.entries[:len(a.entries)-1]
	}
}

// logMeter adds a change on a meter to the current entry.
func (a *Account) logMeter(change LogMeter) {
	if !a.logging {
		return
	}
	usage := a.after.meterOrUnused(change.Meter)
	change.UsedAfter, change.DeniedAfter = usage.Used, usage.Denied
	last := &a.entries[len(a.entries)-1]
	last.Meters = append(last.Meters, change)
}

// logMeter says what a charge changes on a meter.
func (c *MeterChange) logMeter(held bool) LogMeter {
	change := LogMeter{Meter: c.Meter, Day: c.Day, Denied: c.Denied}
	switch {
	case c.Denied > 0:
	case held:
		change.Reserved = c.Units
	default:
		change.Used = c.Units
	}
	return change
}

// entryOf begins the entry of a charge.
func entryOf(c *ration.Charge, decision *ration.Decision) LogEntry {
	entry := LogEntry{At: decision.DecidedAt, Action: LogCharge, Code: decision.Code, Via: c.Via}
	if c.Request != nil {
		entry.Request = *c.Request
	}
	if c.Hold != nil {
		entry.Action = LogReserve
		if decision.Allowed() {
			entry.Reservation = c.Hold.ID
		}
	}
	return entry
}

func logActionOf(action ration.EndAction) LogAction {
	switch action {
	case ration.EndSettle:
		return LogSettle
	case ration.EndVoid:
		return LogVoid
	}
	return LogExpire
}
