package sqlite

import (
	"log/slog"
	"os"
	"time"

	"github.com/ration-dev/ration/observe"
)

// Config says which file to open and how.
type Config struct {
	// Path of the database file; it is created, readable by its owner alone,
	// where there is none. Any characters but NUL are allowed.
	Path string

	// Clock is the store's clock; nil: time.Now. Its microseconds count.
	Clock func() time.Time

	// Elapsed is the time that has passed since any instant, whatever is done to
	// the clock. Where the clock moves more than 10 minutes against it, no period
	// begins before that step has stood for 3 minutes. Nil: the system's, or, with a
	// Clock of your own, none, so that the clock is never suspected.
	Elapsed func() time.Duration

	// Logger gets what nobody is there to be told of: that pages can't be moved out of
	// the write-ahead log, that rows can't be deleted, and what Fatal logs. Nil: it goes
	// to standard error, as text.
	Logger *slog.Logger

	// Observer is told what was deleted because it is kept no longer; nil: nobody is.
	Observer observe.Observer

	// Fatal is called once if the disk refuses to flush. What it holds is then
	// uncertain, and only a new process can find out, so Fatal should end this
	// one: nil logs the error and exits with status 1. If it returns, the store
	// refuses all further work with ration.ErrStoreUnavailable.
	Fatal func(error)

	// LockWait is how long Open waits while another process has the file. At
	// least a tenth of a second is waited, for one that only looks.
	LockWait time.Duration

	// RequestLog is how long entries of the request log are kept; 0: none are
	// written, and those that are there stay.
	RequestLog time.Duration

	// KeepSchema refuses a database with an older schema, with a [SchemaError],
	// where otherwise Open brings it up to date. A new file gets its schema.
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
	c.LockWait = max(c.LockWait, leastLockWait)
	return c
}

func (c Config) exit(err error) {
	c.Logger.Error("stopping: the database may no longer keep what is written", "error", err)
	os.Exit(1)
}
