package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// readEvery is how often the database is asked, by each instance, whoever scrapes.
	readEvery = 15 * time.Second
	// readTime bounds one answer.
	readTime = 5 * time.Second
)

// Facts are what a database is asked for in the background.
type Facts struct {
	Ready         bool // charges can be decided and committed
	SchemaVersion int64
	Size          int64 // in bytes
	// Open is how many reservations are open, and Oldest the age of the oldest; 0: none
	// is.
	Open   int64
	Oldest time.Duration
	// AwaitingStandby is how many commits have waited for a synchronous standby for so
	// long that it looks away.
	AwaitingStandby int64
	// DeliveriesWaiting and DeliveriesDead are how many events wait for webhooks and were
	// given up, and OldestDelivery for how long one has waited for a webhook that is
	// enabled; 0: none does.
	DeliveriesWaiting, DeliveriesDead int64
	OldestDelivery                    time.Duration
}

// facts tell what the database was last found to be.
type facts struct {
	mu     sync.Mutex
	at     time.Time // zero: not known
	last   Facts
	failed prometheus.Counter
}

func newFacts() facts {
	return facts{failed: prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: namespace, Name: "database_read_failures_total", Help: "How often the facts about the database could not be read. Until they can, their metrics are missing.",
	})}
}

var (
	ready           = newDesc("ready", "1 if charges can be decided and committed, as /readyz says it.")
	schemaVersion   = newDesc("schema_version", "The version of the database's schema.")
	databaseSize    = newDesc("database_size_bytes", "How large the database is.")
	openHeld        = newDesc("reservations_open", "Reservations that are open.")
	oldestHeld      = newDesc("reservation_oldest_age_seconds", "How old the oldest open reservation is; 0: none is open.")
	awaitingStandby = newDesc("commits_awaiting_standby", "Commits that have waited for a synchronous standby for more than 3 seconds.")
	waitingEvents   = newDesc("webhook_waiting", "Events that wait to be sent to webhooks, of each at most 10,000.")
	oldestEvent     = newDesc("webhook_oldest_age_seconds", "For how long an event has waited for a webhook that is enabled; 0: none waits.")
	deadEvents      = newDesc("webhook_dead", "Events that were given up and can be sent again, of each webhook at most 10,000.")
	readAt          = newDesc("database_read_timestamp_seconds", "When the facts about the database were read that are told here.")
)

func newDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, nil, nil)
}

// Describe implements [prometheus.Collector].
func (f *facts) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{ready, schemaVersion, databaseSize, openHeld, oldestHeld, awaitingStandby, waitingEvents, oldestEvent, deadEvents, readAt} {
		to <- desc
	}
	f.failed.Describe(to)
}

// Collect implements [prometheus.Collector]. What is not known is missing: an old number
// would look like a good one.
func (f *facts) Collect(to chan<- prometheus.Metric) {
	f.mu.Lock()
	last, at := f.last, f.at
	f.mu.Unlock()
	tell := func(desc *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	f.failed.Collect(to)
	isReady := 0.0
	if last.Ready {
		isReady = 1
	}
	tell(ready, isReady)
	if at.IsZero() {
		return
	}
	oldest, oldestSent := last.Oldest, last.OldestDelivery
	if last.Open > 0 {
		oldest += time.Since(at)
	}
	if oldestSent > 0 {
		oldestSent += time.Since(at)
	}
	tell(schemaVersion, float64(last.SchemaVersion))
	tell(databaseSize, float64(last.Size))
	tell(openHeld, float64(last.Open))
	tell(oldestHeld, oldest.Seconds())
	tell(awaitingStandby, float64(last.AwaitingStandby))
	tell(waitingEvents, float64(last.DeliveriesWaiting))
	tell(oldestEvent, oldestSent.Seconds())
	tell(deadEvents, float64(last.DeliveriesDead))
	tell(readAt, float64(at.UnixMilli())/1000)
}

// Run reads facts about the database again and again, until ctx ends. Read returns whether
// charges can be decided also with an error.
func (m *Metrics) Run(ctx context.Context, read func(context.Context) (Facts, error)) {
	ticker := time.NewTicker(readEvery)
	defer ticker.Stop()
	for {
		m.facts.read(ctx, read)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (f *facts) read(ctx context.Context, read func(context.Context) (Facts, error)) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	found, err := read(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.at = found, time.Now()
	if err != nil {
		f.failed.Inc()
		f.at = time.Time{}
	}
}
