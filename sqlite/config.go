package sqlite

import (
	"log/slog"
	"os"
	"time"

	"github.com/ration-dev/ration/internal/ledger"
	"github.com/ration-dev/ration/observe"
)

// Config says which file to open and how.
type Config struct {
	// Path is the path of the database file. A file that doesn't exist is created,
	// and only its owner can read it. All characters except NUL are allowed.
	Path string

	// Clock is the store's clock, used with a precision of microseconds; nil:
	// time.Now.
	Clock func() time.Time

	// Elapsed returns the time that has passed since some fixed instant, even if
	// somebody sets the clock. If the clock moves more than 10 minutes against it, no
	// period begins until that step has lasted for 3 minutes. Nil: the system's
	// elapsed time or, with a Clock of your own, none, so that the clock is never
	// suspected.
	Elapsed func() time.Duration

	// Logger gets messages about work that no caller waits for: that pages can't be
	// moved out of the write-ahead log, that rows can't be deleted, and the error of
	// a nil Fatal. Nil: standard error, as text.
	Logger *slog.Logger

	// Observer is told what was deleted because its retention time was over; nil:
	// nobody is.
	Observer observe.Observer

	// Fatal is called once if the disk refuses to flush. After that nobody knows what
	// the disk holds, until a new process reads it. So Fatal should end this process.
	// Nil: log the error and exit with status 1. If Fatal returns, the store refuses
	// all further work with [ration.ErrStoreUnavailable].
	Fatal func(error)

	// LockWait is how long Open waits while another process has the file. Open waits
	// for at least a tenth of a second, because a process that only looks at the lock
	// holds it for a moment.
	LockWait time.Duration

	// RequestLog is how long entries of the request log are kept. 0: no entries are
	// written, and existing ones stay.
	RequestLog time.Duration

	// UsageHours is how long usage by UTC hour is kept. 0: for ever.
	UsageHours time.Duration

	// UsageDays is how long usage by day is kept. 0: for ever. It is kept for at least
	// 100 days, for 2 days longer than the request log, and as long as an open
	// reservation may be settled to it.
	UsageDays time.Duration

	// AuditLog is how long entries of the audit log are kept. 0: for ever.
	AuditLog time.Duration

	// LimitThresholds are the percents of a limit, from 1 to 100, at which an event tells
	// that a key has used so much. Nil: 80 and 100. Not nil and empty: none.
	LimitThresholds []int

	// Events is how long published events are kept. 0: for ever.
	Events time.Duration

	// KeepSchema makes Open refuse a database with an older schema, with a
	// [SchemaError]. Otherwise Open brings such a database up to date. A new file
	// gets its schema in both cases.
	KeepSchema bool
}

func (c Config) withDefaults() Config {
	if c.Clock == nil && c.Elapsed == nil {
		c.Elapsed = elapsed
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	c.Observer = observe.OrNobody(c.Observer)
	if c.Fatal == nil {
		c.Fatal = c.exit
	}
	if c.LimitThresholds == nil {
		c.LimitThresholds = ledger.DefaultThresholds()
	}
	c.LockWait = max(c.LockWait, leastLockWait)
	return c
}

func (c Config) exit(err error) {
	c.Logger.Error("stopping: the database may no longer keep what is written", "error", err)
	os.Exit(1)
}
