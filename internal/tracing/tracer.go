package tracing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/ration-dev/ration/internal/condense"
)

// closeTime is how long the last spans may take to be sent.
const closeTime = 3 * time.Second

// Config describes the instance that is traced.
type Config struct {
	Version string // of the build
	ID      string // of the instance
	Log     *slog.Logger
}

// Tracer makes spans and sends them. It is safe for concurrent use. A nil Tracer makes
// none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	context  propagation.TraceContext
	few      *few // the sampler of traces that begin here; nil: another one
}

// New returns a Tracer that works as the standard variables say: OTEL_TRACES_EXPORTER,
// OTEL_EXPORTER_OTLP_…, OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_BSP_…, OTEL_SPAN_… and OTEL_SDK_DISABLED. It is nil if they don't ask for traces.
func New(ctx context.Context, config Config) (*Tracer, error) {
	wanted, err := isWanted()
	if err != nil || !wanted {
		return nil, err
	}
	sampler, err := newSampler()
	if err != nil {
		return nil, err
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "ration"), attribute.String("service.version", config.Version), attribute.String("service.instance.id", config.ID)),
		resource.WithTelemetrySDK(), resource.WithFromEnv()) // the last counts
	if about == nil || err != nil && !errors.Is(err, resource.ErrPartialResource) && !errors.Is(err, resource.ErrSchemaURLConflict) {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sampler), sdk.WithResource(about),
		sdk.WithBatcher(patient{exporter, condense.New(config.Log)}),
	)
	few, _ := sampler.root.(*few)
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/ration-dev/ration"), few: few}, nil
}

// Close sends what was not sent yet, if it can be sent at once.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
}

// patient logs what can't be sent, and says no more of it: a collector that is away
// changes nothing but traces.
type patient struct {
	sdk.SpanExporter
	trouble *condense.Log
}

// ExportSpans implements [sdk.SpanExporter].
func (p patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := p.SpanExporter.ExportSpans(ctx, spans); err != nil {
		p.trouble.Say(ctx, slog.LevelWarn, condense.Kind{Message: "traces can't be sent to OTEL_EXPORTER_OTLP_ENDPOINT, and are lost"}, slog.Any("error", err))
	}
	return nil
}
