package cli

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/keyrequests"
	"github.com/ration-dev/ration/internal/portal"
	"github.com/ration-dev/ration/internal/proxy"
)

// explainRequest shows what becomes of a request that a client sends by these
// words. It asks no database.
func (a *app) explainRequest(settings config.Config, args, header []string) error {
	request, err := readRequest(args, header)
	if err != nil {
		return err
	}
	if settings.Upstream == nil { // routes can be tried before there is one
		settings.Upstream = &url.URL{Scheme: "http", Host: "upstream.invalid"}
	}
	judge, err := configuredProxy(settings)
	if err != nil {
		return err
	}
	explanation, err := judge.Explain(request)
	if err != nil {
		return err
	}
	shown := describeRequest(explanation)
	rows := shown.rows()
	if request.Method == http.MethodOptions && len(header) == 0 {
		rows = append(rows, []string{"note", "a browser's preflight has more: give --header 'Origin: …' and --header 'Access-Control-Request-Method: …'"})
	}
	return a.show(listing{value: shown, columns: []column{{name: "what"}, {name: "says"}}, rows: rows})
}

// configuredProxy returns the proxy that the settings make, without an engine:
// what it can charge with is only called by requests that are served.
func configuredProxy(settings config.Config) (*proxy.Proxy, error) {
	var own ownPaths
	if path := settings.Portal.Path; path != "" {
		own.portal = portal.New(portal.Config{Path: path})
	}
	if requests := settings.KeyRequests; requests.Path != "" {
		own.asked = keyrequests.New(keyrequests.Config{Path: requests.Path, Desk: keyrequests.NewDesk(nil, requests.Open)})
	}
	made, err := newProxy(settings, newGate(settings, nil), own, nil, slog.New(slog.DiscardHandler))
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return nil, &config.Error{Where: invalid.Field, Reason: invalid.Error()}
	}
	return made, err
}
