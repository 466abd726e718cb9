package count

import (
	"context"
	"strings"
)

// EnvoyDomain is the domain of the limits that Envoy's rate limit service is measured with.
const EnvoyDomain = "bench"

// envoyPrefix begins the names that the service gives the counters of its descriptor "key".
// What the descriptor says follows, and the begin of the window.
const envoyPrefix = EnvoyDomain + "_key_"

// EnvoyRateLimit reads what Envoy's rate limit service has counted in a Redis, past the
// service.
type EnvoyRateLimit struct {
	Address string // of Redis
}

// Used implements [Reader].
func (e EnvoyRateLimit) Used(ctx context.Context) (map[string]int64, error) {
	redis, err := OpenRedis(ctx, e.Address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = redis.Close(ctx) }()
	return sumsIn(ctx, redis.client, envoyPrefix+"*", func(name string) string {
		name = strings.TrimPrefix(name, envoyPrefix)
		return name[:strings.LastIndexByte(name, '_')]
	})
}
