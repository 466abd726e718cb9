package portal_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationtest"
)

// refusals knows what one key was refused.
type refusals struct {
	last  []admin.Refused
	err   error
	asked []ration.KeyID
}

func (r *refusals) LastRefused(_ context.Context, id ration.KeyID) ([]admin.Refused, error) {
	r.asked = append(r.asked, id)
	return r.last, r.err
}

func TestRefusedCallsSayWhy(t *testing.T) {
	known := new(refusals)
	d := open(t, func(c *portal.Config) { c.Refusals = known })
	key := d.Key(rationtest.Key{Limits: []string{"1/day"}, TimeZone: "Asia/Tokyo"})
	d.send("/portal", secretForm(key.Secret)).wants(t, 200, "None of your calls were refused")
	for range 3 {
		if _, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret}); err != nil {
			t.Fatal(err)
		}
	}
	d.send("/portal", secretForm(key.Secret)).wants(t, 200, `<span class="number">2</span> of your calls were refused`, "There are none among the last calls of the last 7 days")
	known.last = []admin.Refused{
		{At: d.Now().Add(-time.Minute), Code: ration.CodeQuotaExceeded, Method: "POST", Route: hostile, RequestID: "r-1"},
		{At: d.Now().Add(-time.Hour), Code: "made_up"},
	}
	got := d.send("/portal", secretForm(key.Secret))
	got.wants(t, 200, "A quota was used up", "Wed 15 Jul, 20:59:00", "POST &lt;script&gt;", "<bdi>r-1</bdi>", "made_up")
	if strings.Contains(got.text, "keeps no list") {
		t.Error("the page says that there is no list")
	}
	for _, asked := range known.asked {
		if asked != key.ID {
			t.Errorf("asked about %v", asked)
		}
	}
	known.err = errors.New("secret detail")
	got = d.send("/portal", secretForm(key.Secret))
	if got.wants(t, 500); strings.Contains(got.text, "secret detail") {
		t.Error("the page has the error")
	}
}

// TestWithoutARequestLogThePageSaysSo where there is something to say.
func TestWithoutARequestLogThePageSaysSo(t *testing.T) {
	d := open(t)
	key := d.Key(rationtest.Key{Limits: []string{"0/day"}})
	if _, err := d.Engine.Charge(t.Context(), ration.Charge{Secret: key.Secret}); err != nil {
		t.Fatal(err)
	}
	d.send("/portal", secretForm(key.Secret)).wants(t, 200, `<span class="number">1</span> of your calls was refused`, "keeps no list of them")
}
