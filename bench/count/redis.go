package count

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/rueidis"
)

const (
	redisPrefix = "used:"
	twoDays     = 172_800 // seconds
)

// Redis counts as many APIs do: INCRBY and EXPIRE, sent together. The client (rueidis)
// sends what several callers want in one write.
type Redis struct{ client rueidis.Client }

// OpenRedis connects to a server.
func OpenRedis(_ context.Context, address string) (*Redis, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{address}, DisableCache: true})
	if err != nil {
		return nil, fmt.Errorf("connecting to Redis: %w", err)
	}
	return &Redis{client}, nil
}

// Count implements [Counter].
func (r *Redis) Count(ctx context.Context, key string, n int64) (bool, error) {
	key = redisPrefix + key
	answers := r.client.DoMulti(ctx,
		r.client.B().Incrby().Key(key).Increment(n).Build(),
		r.client.B().Expire().Key(key).Seconds(twoDays).Build())
	used, err := answers[0].AsInt64()
	if err == nil {
		err = answers[1].Error()
	}
	return used <= Limit, err
}

// Used implements [Reader].
func (r *Redis) Used(ctx context.Context) (map[string]int64, error) {
	return sumsIn(ctx, r.client, redisPrefix+"*", func(name string) string { return strings.TrimPrefix(name, redisPrefix) })
}

// Close implements [Counter].
func (r *Redis) Close(context.Context) error {
	r.client.Close()
	return nil
}

// sumsIn adds up the numbers of all names that match a pattern, by what keyOf makes of the
// name.
func sumsIn(ctx context.Context, client rueidis.Client, pattern string, keyOf func(name string) string) (map[string]int64, error) {
	names, err := client.Do(ctx, client.B().Keys().Pattern(pattern).Build()).AsStrSlice()
	if err != nil || len(names) == 0 {
		return nil, err
	}
	values, err := client.Do(ctx, client.B().Mget().Key(names...).Build()).ToArray()
	if err != nil {
		return nil, err
	}
	sums := make(map[string]int64, len(names))
	for i, value := range values {
		n, err := value.AsInt64()
		if err != nil {
			return nil, err
		}
		sums[keyOf(names[i])] += n
	}
	return sums, nil
}
