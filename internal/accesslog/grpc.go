package accesslog

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// healthService is asked all the time, and says what /readyz says, which has no line either.
const healthService = "/grpc.health."

// Unary returns what logs each call over gRPC once it is answered; nil if nothing is logged.
// The client is who calls: whom it asks for, such as Envoy's client, is not told here.
func (l *Log) Unary() grpc.UnaryServerInterceptor {
	if l == nil {
		return nil
	}
	return func(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
		if strings.HasPrefix(info.FullMethod, healthService) {
			return next(ctx, in)
		}
		start, told := time.Now(), new(entry)
		answer, err = next(context.WithValue(ctx, entryKey{}, told), in)
		l.writeCall(ctx, strings.TrimPrefix(info.FullMethod, "/"), told, err, time.Since(start))
		return answer, err
	}
}

func (l *Log) writeCall(ctx context.Context, method string, told *entry, err error, took time.Duration) {
	told.mu.Lock()
	defer told.mu.Unlock()
	var attributes []slog.Attr
	if told.event.Via != "" { // else the call was refused
		attributes = append(attributes, slog.String("via", told.event.Via))
	}
	attributes = append(append(attributes, told.event.Attributes()...), slog.String("method", method), slog.String("grpc_status", status.Code(err).String()))
	if told.event.Status != 0 {
		attributes = append(attributes, slog.Int("status", told.event.Status))
	}
	attributes = append(attributes, slog.Float64("seconds", took.Round(time.Microsecond).Seconds()))
	if from, known := peer.FromContext(ctx); known {
		attributes = append(attributes, slog.String("client", from.Addr.String()))
	}
	if told.event.FailedOpen {
		attributes = append(attributes, slog.Bool("failed_open", true))
	}
	l.log.LogAttrs(context.WithoutCancel(ctx), slog.LevelInfo, "answered", attributes...)
}
