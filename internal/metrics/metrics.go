package metrics

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ration-dev/ration/observe"
)

// Path is where metrics are served.
const Path = "/metrics"

const (
	// scrapeTime bounds one scrape, and mostScrapes how many may go on at once: what is
	// beyond them gets 503.
	scrapeTime  = 10 * time.Second
	mostScrapes = 4
)

// Config says what is measured.
type Config struct {
	// Routes are the names of all routes that events may have. Others are "other".
	Routes []string
	// FailOpen are those that let requests through while nothing can be decided.
	FailOpen []string
	// Version, Revision and Go describe the build.
	Version, Revision, Go string
	// Weakened are the settings in use that weaken a promise: WeakenedFailOpen and others.
	Weakened []string
}

// Metrics counts what ways in, the engine and the stores report. It is safe for
// concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	own      []prometheus.Collector
	decisions
	batches
	promises
	webhooks
	facts facts
}

var _ observe.Observer = (*Metrics)(nil)

// New returns Metrics that have counted nothing.
func New(config Config) *Metrics {
	m := &Metrics{
		registry:  prometheus.NewPedanticRegistry(),
		decisions: newDecisions(config.Routes, config.FailOpen), batches: newBatches(), promises: newPromises(config.Weakened), webhooks: newWebhooks(), facts: newFacts(),
	}
	build := gaugeVec("build_info", "The build of this instance, with the constant value 1.", "version", "revision", "goversion")
	build.WithLabelValues(config.Version, config.Revision, config.Go).Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.own = slices.Concat([]prometheus.Collector{build}, m.decisions.all(), m.batches.all(), m.promises.all(), m.webhooks.all(), []prometheus.Collector{&m.facts})
	m.registry.MustRegister(m.own...)
	return m
}

// Describe sends what describes each metric of Ration's own that there may be.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, one := range m.own {
		one.Describe(to)
	}
}

// Registry returns what is gathered from.
func (m *Metrics) Registry() prometheus.Gatherer { return m.registry }

// Handler serves the metrics to whoever asks.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: mostScrapes, Timeout: scrapeTime})
}

// namespace begins the names of all metrics that are Ration's own.
const namespace = "ration"

func counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
}

// seconds are the buckets of durations: a decision takes a few milliseconds, and its
// caller waits for 5 s at most.
var seconds = []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
