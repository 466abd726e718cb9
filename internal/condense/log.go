package condense

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Interval is how often, at most, one kind of event is logged.
const Interval = 5 * time.Second

// maxKinds bounds the memory. Kinds are made of codes and of names of routes, of
// which there are few; whatever comes beyond the bound is one kind together.
const maxKinds = 1000

// Unsaid is the attribute that says how many events of a kind were not logged
// since the last one that was.
const Unsaid = "more_since_the_last"

// Kind tells events apart. Events whose kinds are equal are condensed together,
// so no part of it may come from a request. Empty parts are left out.
type Kind struct {
	Message string // what is logged
	Code    string // which of the message's cases it was
	Route   string // the route that it happened on
	Meter   string // the meter that it was about
}

// Log logs events that one cause can multiply. It is safe for concurrent use.
type Log struct {
	log *slog.Logger

	mu    sync.Mutex
	kinds map[Kind]*tally
	once  map[Kind]bool // those that are never logged again
}

type tally struct {
	logged time.Time // zero: never
	unsaid int       // events since then
}

// New returns a Log that writes to log; nil: nothing is logged.
func New(log *slog.Logger) *Log {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Log{log: log, kinds: make(map[Kind]*tally), once: make(map[Kind]bool)}
}

// Say logs an event, with its kind and the given attributes, unless one of its
// kind was logged within the interval.
func (l *Log) Say(ctx context.Context, level slog.Level, kind Kind, attributes ...slog.Attr) {
	if !l.log.Enabled(ctx, level) {
		return
	}
	unsaid, say := l.count(kind)
	if !say {
		return
	}
	l.log.LogAttrs(ctx, level, kind.Message, append(kind.with(attributes), slog.Int(Unsaid, unsaid))...)
}

// SayOnce logs the first event of a kind, with the given attributes, and none after it.
func (l *Log) SayOnce(ctx context.Context, level slog.Level, kind Kind, attributes ...slog.Attr) {
	if l.log.Enabled(ctx, level) && l.isFirst(kind) {
		l.log.LogAttrs(ctx, level, kind.Message, kind.with(attributes)...)
	}
}

func (l *Log) isFirst(kind Kind) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.once[kind] && len(l.once) >= maxKinds {
		kind = Kind{}
	}
	said := l.once[kind]
	l.once[kind] = true
	return !said
}

// with returns the attributes of an event, its kind's first.
func (k Kind) with(attributes []slog.Attr) []slog.Attr {
	all := make([]slog.Attr, 0, len(attributes)+4)
	if k.Code != "" {
		all = append(all, slog.String("code", k.Code))
	}
	if k.Route != "" {
		all = append(all, slog.String("route", k.Route))
	}
	if k.Meter != "" {
		all = append(all, slog.String("meter", k.Meter))
	}
	return append(all, attributes...)
}

// count notes an event and returns whether to log it, and how many were not.
func (l *Log) count(kind Kind) (unsaid int, say bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := l.kinds[kind]
	if seen == nil && len(l.kinds) >= maxKinds {
		kind = Kind{}
		seen = l.kinds[kind]
	}
	if seen == nil {
		seen = &tally{}
		l.kinds[kind] = seen
	}
	if !seen.logged.IsZero() && time.Since(seen.logged) < Interval {
		seen.unsaid++
		return 0, false
	}
	unsaid, seen.unsaid, seen.logged = seen.unsaid, 0, time.Now()
	return unsaid, true
}
