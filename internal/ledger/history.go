package ledger

import (
	"time"

	"github.com/ration-dev/ration"
)

// LeastHistory is how long the history by day is kept at least. It covers every running
// period, what a refund may go back to, and what a repair reads.
const LeastHistory = 100 * 24 * time.Hour

// logMargin is more than the local date of an event and the UTC date of its entry in the
// request log are apart.
const logMargin = 2 * 24 * time.Hour

// HistoryRetention returns how long to keep the history by day (0: for ever), given for
// how long it was asked to be kept and for how long the request log is, whose entries are
// compared with it.
func HistoryRetention(days, log time.Duration) time.Duration {
	if days <= 0 {
		return 0
	}
	return max(days, log+logMargin, LeastHistory)
}

// HistoryKeptFrom returns the first date to keep of a history that is kept for so long.
// In every time zone the day before has ended for longer than that.
func HistoryKeptFrom(now time.Time, retention time.Duration) ration.PeriodID {
	return ration.DateID(now.Add(-retention).UTC().Date()) - 1
}
