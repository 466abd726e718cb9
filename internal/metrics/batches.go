package metrics

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/observe"
)

// batches counts what the engine and the stores report of their work.
type batches struct {
	observe.Nobody // of what is not counted here

	items    prometheus.Histogram
	took     prometheus.Histogram
	waited   prometheus.Histogram
	failed   *prometheus.CounterVec
	retries  *prometheus.CounterVec
	resolved *prometheus.CounterVec
	purged   *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	unpurged *prometheus.CounterVec
}

func newBatches() batches {
	b := batches{
		items:    histogram("batch_items", "How many charges and other items a batch had that was sent to the database.", []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}),
		took:     histogram("batch_seconds", "How long the database took for a batch, with its commit and retries.", seconds),
		waited:   histogram("batch_wait_seconds", "How long the first item of a batch had waited in its queue when the batch was sent.", seconds),
		failed:   counterVec("batch_failures_total", "Batches of which no item was decided, by reason.", "reason"),
		retries:  counterVec("retries_total", "Transactions that were sent to the database again, by reason.", "reason"),
		resolved: counterVec("lost_commits_total", "Commits whose answer was lost, by what became of them.", "outcome"),
		purged:   counterVec("purged_rows_total", "Rows that were deleted because their retention time was over, by table.", "table"),
		dropped:  counterVec("purged_partitions_total", "Partitions that were dropped for the same reason, with all their rows, by table.", "table"),
		unpurged: counterVec("purge_failures_total", "Deletions for the same reason that failed, by table.", "table"),
	}
	// A counter that is not there before its first event has no rate at that event.
	for _, reason := range failures {
		b.failed.WithLabelValues(reason.name)
	}
	b.failed.WithLabelValues(other)
	for _, reason := range []string{observe.RetryKeyLocked, observe.RetryConflict, observe.RetryDisconnected, observe.RetryLostCommit, observe.RetryUnsettled, observe.RetryChanged} {
		b.retries.WithLabelValues(reason)
	}
	for _, outcome := range []string{observe.CommitFound, observe.CommitMissing, observe.CommitUnknown} {
		b.resolved.WithLabelValues(outcome)
	}
	return b
}

func (b *batches) all() []prometheus.Collector {
	return []prometheus.Collector{b.items, b.took, b.waited, b.failed, b.retries, b.resolved, b.purged, b.dropped, b.unpurged}
}

// failures are the reasons why a batch failed, beside others.
var failures = []struct {
	err  error
	name string
}{
	{ration.ErrOutcomeUnknown, string(ration.CodeOutcomeUnknown)},
	{ration.ErrStoreUnavailable, string(ration.CodeStoreUnavailable)},
	{ration.ErrClockSuspect, string(ration.CodeClockSuspect)},
}

// BatchEnded implements [observe.Observer].
func (b *batches) BatchEnded(batch observe.Batch) {
	b.items.Observe(float64(batch.Items))
	b.took.Observe(batch.Took.Seconds())
	b.waited.Observe(batch.Waited.Seconds())
	if batch.Err == nil {
		return
	}
	for _, reason := range failures {
		if errors.Is(batch.Err, reason.err) {
			b.failed.WithLabelValues(reason.name).Inc()
			return
		}
	}
	b.failed.WithLabelValues(other).Inc()
}

// Retried implements [observe.Observer].
func (b *batches) Retried(retry observe.Retry) { b.retries.WithLabelValues(retry.Reason).Inc() }

// CommitResolved implements [observe.Observer].
func (b *batches) CommitResolved(resolution observe.Resolution) {
	b.resolved.WithLabelValues(resolution.Outcome).Inc()
}

// Purges says of which tables deletions may fail, before the first one does.
func (b *batches) Purges(tables []string) {
	for _, table := range tables {
		b.unpurged.WithLabelValues(table)
	}
}

// Purged implements [observe.Observer].
func (b *batches) Purged(purge observe.Purge) {
	if purge.Rows < 0 {
		b.dropped.WithLabelValues(purge.Table).Inc()
	} else {
		b.purged.WithLabelValues(purge.Table).Add(float64(purge.Rows))
	}
	if purge.Err != nil {
		b.unpurged.WithLabelValues(purge.Table).Inc()
	}
}

// Queues is what an engine tells of its queues and what it remembers.
type Queues interface {
	Waiting() []int
	Digests() int
}

var _ Queues = (*ration.Engine)(nil)

// Watch has the queues of an engine read at each scrape. Call it once.
func (m *Metrics) Watch(engine Queues) {
	m.registry.MustRegister(queues{engine})
	m.own = append(m.own, queues{engine})
}

// queues reads an engine.
type queues struct{ engine Queues }

var (
	queueItems    = prometheus.NewDesc(namespace+"_queue_items", "Items that wait for their batch, by lane.", []string{"lane"}, nil)
	lanes         = prometheus.NewDesc(namespace+"_lanes", "How many batches may be under way at once.", nil, nil)
	digestsCached = prometheus.NewDesc(namespace+"_digests_cached", "Digests of secrets whose keys are remembered.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (queues) Describe(to chan<- *prometheus.Desc) {
	to <- queueItems
	to <- lanes
	to <- digestsCached
}

// Collect implements [prometheus.Collector].
func (q queues) Collect(to chan<- prometheus.Metric) {
	waiting := q.engine.Waiting()
	for lane, items := range waiting {
		to <- prometheus.MustNewConstMetric(queueItems, prometheus.GaugeValue, float64(items), strconv.Itoa(lane))
	}
	to <- prometheus.MustNewConstMetric(lanes, prometheus.GaugeValue, float64(len(waiting)))
	to <- prometheus.MustNewConstMetric(digestsCached, prometheus.GaugeValue, float64(q.engine.Digests()))
}
