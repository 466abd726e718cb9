package proxy_test

import (
	"net/http"
	"testing"

	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// counted is a proxy before an upstream, with a real store behind it.
type counted struct {
	*fixture
	store *rationtest.Fixture
	key   rationtest.IssuedKey
}

// newCounted starts a proxy and makes a key with limits.
func newCounted(t *testing.T, target string, routes route.Config, limits []string, change ...func(*proxy.Config)) *counted {
	t.Helper()
	c := &counted{store: rationtest.New(t, rationtest.Options{})}
	c.key = c.store.Key(rationtest.Key{Owner: "ada", Limits: limits})
	useStore := func(config *proxy.Config) { config.Gate.Charger = c.store.Engine }
	c.fixture = newFixture(t, target, routes, append([]func(*proxy.Config){useStore}, change...)...)
	return c
}

// header is the line that carries the key.
func (c *counted) header() string { return "X-API-Key: " + c.key.Secret.Reveal() }

// ask sends a request with the key.
func (c *counted) ask(t *testing.T, method, path string, headers ...string) *http.Response {
	t.Helper()
	return c.do(t, method, path, nil, append([]string{c.header()}, headers...)...)
}

// expect compares what is counted, in all and in the history of days.
func (c *counted) expect(t *testing.T, meter string, used, givenBack int64) {
	t.Helper()
	counts, _ := c.store.Used(c.key.ID, meter)
	inHistory, back := c.store.History(c.key.ID, meter)
	if counts != used || inHistory != used || back != givenBack {
		t.Errorf("%s: %d used, in the history %d and %d given back; want %d and %d", meter, counts, inHistory, back, used, givenBack)
	}
	if held := c.store.Reserved(c.key.ID, meter); held != 0 {
		t.Errorf("%d %s are still reserved", held, meter)
	}
}

// byDefault gives back what the settings' default does.
var byDefault = route.Config{Refunds: rationhttp.DefaultRefunds()}
