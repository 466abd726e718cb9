package cli

import (
	"net/http"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/keyrequests"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/rationhttp"
)

// newDesk returns who answers people without a key. Its bounds are for all ways to it.
func (i *instance) newDesk() *keyrequests.Desk {
	return keyrequests.NewDesk(func() (keyrequests.Operations, error) { return i.administration() }, i.settings.KeyRequests.Open)
}

// newKeyRequests returns the API for people without a key, and nil if it is off.
func (i *instance) newKeyRequests(desk *keyrequests.Desk, gate rationhttp.Gate) *keyrequests.Handler {
	path := i.settings.KeyRequests.Path
	if path == "" {
		return nil
	}
	return keyrequests.New(keyrequests.Config{Path: path, Desk: desk, TrustedProxies: gate.TrustedProxies, Log: i.log})
}

// pickupURL returns the URL of the page that picks up keys, which whoever gets a link opens
// anywhere. Empty: no setting says it.
func pickupURL(settings config.Config) string {
	pages := settings.Portal
	if pages.Path == "" || pages.URL == "" {
		return ""
	}
	return pages.URL + portal.PickupPath
}

// requestURL returns where people ask for a key, and whether that is a page. Empty: nobody
// can ask.
func (i *instance) requestURL() (address string, page bool) {
	switch {
	case i.server == nil || !i.settings.KeyRequests.Open:
		return "", false
	case i.settings.Portal.Path != "":
		return i.portalURL() + portal.RequestPath, true
	case i.settings.KeyRequests.Path == "":
		return "", false
	}
	return i.urlOf(verifyListener, i.settings.APITLS) + i.settings.KeyRequests.Path, false
}

// ownPages are what the proxy answers itself, whatever the routes say.
type ownPages []proxy.Portal

// Serves implements proxy.Portal.
func (p ownPages) Serves(r *http.Request) bool { return p.of(r) != nil }

// ServeHTTP implements proxy.Portal.
func (p ownPages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.of(r).ServeHTTP(w, r) }

func (p ownPages) of(r *http.Request) proxy.Portal {
	for _, page := range p {
		if page.Serves(r) {
			return page
		}
	}
	return nil
}
