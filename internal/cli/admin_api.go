package cli

import (
	"net/http"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminapi"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/grant"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/rationhttp"
)

// newAdminAPI returns the admin API for callers with service tokens.
func (i *instance) newAdminAPI() http.Handler {
	return adminapi.New(adminapi.Config{
		Authenticate: func(r *http.Request, scope string) (adminapi.Caller, error) {
			token, err := i.operators.Authorize(r, scope)
			if err != nil {
				return adminapi.Caller{}, err
			}
			operations, err := i.administration()
			if err != nil {
				return adminapi.Caller{}, err
			}
			return adminapi.Caller{
				Actor: "token:" + token.Name, Operations: grant.Of(token).Operations(operations),
				Secret: bearer.SecretOf(r),
				Origin: rationadmin.Origin{From: rationhttp.TrustedProxies(i.settings.TrustedProxies).ClientIP(r).String()},
			}, nil
		},
		TrustedProxies: i.settings.TrustedProxies, Log: i.log,
	})
}

// administration returns the operations on the database, which may still be awaited.
// Error: ration.ErrStoreUnavailable.
func (i *instance) administration() (*admin.Service, error) {
	if i.awaited == nil {
		return i.operations, nil
	}
	return i.awaited.administration()
}

// mostOfAdmin is how many connections the admin API has at once: people and scripts keep
// few, and all of them together must not keep a client from the proxy.
const mostOfAdmin = 64

// adminBounds returns what clients of the admin API can hold, from what those of the
// verify API can.
func adminBounds(api bound.Config) bound.Config {
	api.Connections = min(api.Connections, mostOfAdmin)
	return api
}
