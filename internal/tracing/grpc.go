package tracing

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	otelcodes "go.opentelemetry.io/otel/codes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// healthService is asked all the time, and for no decision.
const healthService = "/grpc.health."

// Unary returns what makes a span for each call over gRPC; nil if there are none. Obeys says
// whether a caller is believed about being recorded; nil: each is.
func (t *Tracer) Unary(obeys func(metadata.MD) bool) grpc.UnaryServerInterceptor {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		if strings.HasPrefix(info.FullMethod, healthService) {
			return next(ctx, in)
		}
		fields, _ := metadata.FromIncomingContext(ctx)
		name := strings.TrimPrefix(info.FullMethod, "/")
		ctx, span := t.begin(ctx, carrier(fields), obeys == nil || obeys(fields), name)
		defer span.End()
		answer, err := next(ctx, in)
		if span.IsRecording() {
			code := status.Code(err)
			span.SetAttributes(attribute.String("rpc.system", "grpc"), attribute.String("rpc.method", name), attribute.Int("rpc.grpc.status_code", int(code)))
			if code == codes.Unknown || code == codes.Unavailable || code == codes.Internal || code == codes.DeadlineExceeded {
				span.SetStatus(otelcodes.Error, "")
			}
		}
		return answer, err
	}
}

// carrier reads a trace from metadata.
type carrier metadata.MD

// Get implements propagation.TextMapCarrier.
func (c carrier) Get(name string) string {
	if values := metadata.MD(c).Get(name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// Set implements propagation.TextMapCarrier.
func (c carrier) Set(name, value string) { metadata.MD(c).Set(name, value) }

// Keys implements propagation.TextMapCarrier.
func (c carrier) Keys() []string {
	names := make([]string, 0, len(c))
	for name := range c {
		names = append(names, name)
	}
	return names
}
