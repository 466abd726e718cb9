package accesslog

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ration-dev/ration/internal/answered"
	"github.com/ration-dev/ration/rationhttp"
)

// Log writes the lines. It learns how a request was answered from the handler that it
// wraps, and why from the observer of the way in. It is safe for concurrent use. A nil
// Log writes nothing.
type Log struct {
	log     *slog.Logger
	proxies rationhttp.TrustedProxies
}

// New returns a Log that writes to log. Proxies are believed about who the client is.
func New(log *slog.Logger, proxies rationhttp.TrustedProxies) *Log { return &Log{log, proxies} }

// Handler returns a handler that answers as next does, and logs each answer once it has
// ended. Via is the name of the way in.
func (l *Log) Handler(via string, next http.Handler) http.Handler {
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, told := time.Now(), new(entry)
		answer := &answered.Writer{ResponseWriter: w}
		defer func() { l.write(r, via, told, answer, time.Since(start)) }() // also if the handler panics, as one does whose client has gone
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), entryKey{}, told)))
		answer.Begin()
	})
}

// Observe notes what a way in tells of a request, by the request's context. It is for
// [rationhttp.Gate]'s Observe.
func (l *Log) Observe(ctx context.Context, event rationhttp.Event) {
	if told, ok := ctx.Value(entryKey{}).(*entry); ok {
		told.note(event)
	}
}

type entryKey struct{}

// entry is what is known about one request.
type entry struct {
	mu       sync.Mutex // a follow-up may come from anywhere
	event    rationhttp.Event
	refunded bool
}

// note keeps the latest that was said about the answer, and what became of the charge.
func (e *entry) note(event rationhttp.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch event.FollowUp {
	case rationhttp.FollowUpRefund:
		e.refunded = event.Refunded
	case rationhttp.FollowUpSettle:
	default:
		event.FailedOpen = event.FailedOpen || e.event.FailedOpen
		e.event = event
	}
}

func (l *Log) write(r *http.Request, via string, told *entry, answer *answered.Writer, took time.Duration) {
	told.mu.Lock()
	defer told.mu.Unlock()
	event := told.event
	if event.RequestID == "" {
		event.RequestID = answer.Header().Get(rationhttp.RequestIDHeader)
	}
	attributes := append([]slog.Attr{slog.String("via", via)}, event.Attributes()...)
	attributes = append(attributes,
		slog.String("method", answered.Method(r)), slog.Int("status", answer.Status), slog.Int64("bytes", answer.Bytes),
		slog.Float64("seconds", took.Round(time.Microsecond).Seconds()), slog.String("client", l.proxies.ClientIP(r).String()))
	if event.FailedOpen {
		attributes = append(attributes, slog.Bool("failed_open", true))
	}
	if told.refunded {
		attributes = append(attributes, slog.Bool("refunded", true))
	}
	l.log.LogAttrs(context.WithoutCancel(r.Context()), slog.LevelInfo, "answered", attributes...)
}
