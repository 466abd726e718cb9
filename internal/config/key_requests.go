package config

import (
	"fmt"
	"slices"

	"github.com/ration-dev/ration/internal/route"
)

// KeyRequests has the settings of asking for keys and picking them up.
type KeyRequests struct {
	Open      bool   // keys can be asked for
	ByDefault bool   // nothing set Open
	Path      string // empty: neither that nor picking up
}

func parseKeyRequestsPath(value string) (string, error) {
	return parseOwnPath(value, "/v1/key-requests")
}

// paths are those that nothing else may have.
func (k *KeyRequests) paths() []string {
	return []string{k.Path, k.Path + "/state", k.Path + "/pickup"}
}

// checkKeyRequestsPath refuses a path that something else has too. The default gives way
// instead, as that of usage_path does.
func (c *Config) checkKeyRequestsPath(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	reason := c.keyRequestsConflict()
	if c.KeyRequests.Path == "" || reason == "" {
		return nil
	}
	s := find(keyRequestsPath)
	if counts := s.given(file, environment, sources.Flags)[0]; counts.where != defaultWhere {
		return []*Error{faultOf(counts, s, invalid(c.KeyRequests.Path, reason+"; use another path, or off"))}
	}
	c.Notes = append(c.Notes, fmt.Sprintf("key_requests_path is off, because %s; set it to another path, and keys can be asked for and picked up", reason))
	c.KeyRequests.Path = ""
	return nil
}

// keyRequestsConflict says what else has one of the paths. Empty: nothing.
func (c *Config) keyRequestsConflict() string {
	paths := c.KeyRequests.paths()
	if slices.Contains(paths, c.UsagePath) {
		return "usage_path is " + c.UsagePath
	}
	if portal := c.Portal.Path; portal != "" && (isBelow(c.KeyRequests.Path, portal) || isBelow(portal, c.KeyRequests.Path)) {
		return "portal_path is " + portal
	}
	if i := slices.IndexFunc(c.Routes.Routes, func(r route.Route) bool { return slices.Contains(paths, r.Path) }); i >= 0 {
		return fmt.Sprintf("routes[%d] has the path %s too", i, c.Routes.Routes[i].Path)
	}
	return ""
}
