package cli

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/ration-dev/ration/internal/tracing"
	"github.com/ration-dev/ration/rationadmin"
)

// newTracer returns what traces an instance; nil if nothing is to be traced. Variables
// that it can't follow, which may be meant for all programs of a machine, are no reason
// not to serve.
func newTracer(ctx context.Context, self rationadmin.Instance, log *slog.Logger) *tracing.Tracer {
	info, _ := debug.ReadBuildInfo()
	tracer, err := tracing.New(ctx, tracing.Config{Version: buildVersion(info).Version, ID: self.ID.String(), Log: log})
	if err != nil {
		log.WarnContext(ctx, "nothing is traced", "reason", err)
	}
	return tracer
}

// aroundCalls returns what is around each call over gRPC.
func (i *instance) aroundCalls() (all []grpc.UnaryServerInterceptor) {
	for _, one := range []grpc.UnaryServerInterceptor{i.access.Unary(), i.tracer.Unary(i.knows)} {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}

// knows reports whether a call over gRPC carries a token that was valid before. It goes
// before the call is authorized.
func (i *instance) knows(fields metadata.MD) bool {
	return i.callers.Knows(&http.Request{Header: http.Header{"Authorization": fields.Get("authorization")}})
}
