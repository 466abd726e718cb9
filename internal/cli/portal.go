package cli

import (
	"cmp"
	"context"
	"net"
	"net/url"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/rationhttp"
)

// newPortal returns the pages for people who hold or want a key, and nil if they are off.
func (i *instance) newPortal(gate rationhttp.Gate, usage *rationhttp.Usage, desk portal.Desk) (*portal.Portal, error) {
	settings := i.settings.Portal
	if settings.Path == "" {
		return nil, nil //nolint:nilnil // to have none is valid
	}
	brand := portal.Brand{Name: settings.Name, Color: settings.Color, Link: settings.Link}
	if settings.Logo != "" {
		logo, err := portal.ReadLogo(settings.Logo)
		if err != nil {
			return nil, err
		}
		brand.Logo = logo
	}
	pages := portal.Config{
		Desk: desk, Path: settings.Path, URL: settings.URL, Brand: brand, Usage: usage, Gate: gate,
		UsageURL: cmp.Or(i.settings.UsageURL, i.settings.UsagePath), Log: i.log,
	}
	if i.settings.RequestLogDays > 0 {
		pages.Refusals = holders{i}
	}
	if settings.Rotation {
		pages.Rotate, pages.RotationOverlap = holders{i}, settings.RotationOverlap
	}
	return portal.New(pages), nil
}

// holders are what holders of keys may do, on a database that may still be awaited.
type holders struct{ instance *instance }

// LastRefused implements portal.Refusals.
func (h holders) LastRefused(ctx context.Context, id ration.KeyID) ([]admin.Refused, error) {
	operations, err := h.instance.administration()
	if err != nil {
		return nil, err
	}
	return operations.LastRefused(ctx, id)
}

// RotateHeld implements portal.Rotator.
func (h holders) RotateHeld(ctx context.Context, secret ration.Secret, overlap time.Duration) (admin.IssuedSecret, error) {
	operations, err := h.instance.administration()
	if err != nil {
		return admin.IssuedSecret{}, err
	}
	return operations.RotateHeld(ctx, secret, overlap)
}

// portalToTry returns the URL of the pages for those who try them on this machine, so that
// links to them are whole. Empty: the address isn't only this machine's, or not yet known.
func portalToTry(settings config.Config) string {
	host, port, err := net.SplitHostPort(settings.Listen)
	if err != nil || port == "0" || !config.IsLoopback(host) || settings.Portal.Path == "" {
		return ""
	}
	return scheme(settings.TLS) + "://" + settings.Listen + (&url.URL{Path: settings.Portal.Path}).EscapedPath()
}

// portalURL returns the public URL of the pages, where settings or a listener say it.
// Empty: they are off.
func (i *instance) portalURL() string {
	settings := i.settings.Portal
	if settings.Path == "" || settings.URL != "" {
		return settings.URL
	}
	listener, certificate := proxyListener, i.settings.TLS
	if i.settings.Upstream == nil {
		listener, certificate = verifyListener, i.settings.APITLS
	}
	return i.urlOf(listener, certificate) + (&url.URL{Path: settings.Path}).EscapedPath()
}
