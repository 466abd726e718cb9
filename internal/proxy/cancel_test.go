package proxy_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

// waitingCharger decides only once its caller has gone.
type waitingCharger struct{ asked, gone chan struct{} }

func (w waitingCharger) Charge(ctx context.Context, _ ration.Charge) (ration.Decision, error) {
	close(w.asked)
	<-ctx.Done()
	defer close(w.gone)
	return ration.Decision{}, fmt.Errorf("%w: %w", ration.ErrStoreUnavailable, ctx.Err())
}

func TestAClientThatGoesBeforeTheDecisionReachesNoUpstream(t *testing.T) {
	u := newUpstream(t, nil)
	charger := waitingCharger{make(chan struct{}), make(chan struct{})}
	f := newFixture(t, u.URL, route.Config{Routes: []route.Route{{Path: "/", FailOpen: true}}}, func(c *proxy.Config) { c.Gate.Charger = charger })
	connection := f.dial(t)
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: %s\r\n\r\n", canary)
	<-charger.asked
	_ = connection.Close()
	<-charger.gone
	f.Close() // waits for the request to end
	if got := u.received(); len(got) != 0 {
		t.Errorf("%d requests reached the upstream", len(got))
	}
}
