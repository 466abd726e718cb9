package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ration-dev/ration/internal/route"
)

// maxUsagePath bounds what every answer with status 429 repeats.
const maxUsagePath = 200

// servedPaths are those at which the verify API has something else.
var servedPaths = []string{"/v1/verify", "/v1/reservations", "/healthz", "/readyz", "/metrics"}

func parseUsagePath(value string) (string, error) { return parseOwnPath(value, "/v1/usage") }

// parseOwnPath reads a path that can be written in one way only; "off" is none.
func parseOwnPath(value, example string) (string, error) {
	if value == "off" {
		return "", nil
	}
	segments := strings.Split(value, "/")
	wellFormed := len(segments) > 1 && len(value) <= maxUsagePath && segments[0] == "" &&
		!slices.ContainsFunc(segments[1:], func(segment string) bool { return !isPlainSegment(segment) })
	if !wellFormed {
		return "", invalid(value, `use a path such as "`+example+`", of letters, digits, "-", "_", "." and "~" between single slashes, or off`)
	}
	for _, served := range servedPaths {
		if value == served || strings.HasPrefix(value, served+"/") {
			return "", invalid(value, "the verify API has something else there")
		}
	}
	return value, nil
}

// isPlainSegment reports whether a segment of a path needs no encoding, and isn't a dot
// segment.
func isPlainSegment(segment string) bool {
	return strings.Trim(segment, ".") != "" && !strings.ContainsFunc(segment, func(c rune) bool {
		return (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.~", c)
	})
}

// parseUsageURL reads a reference that clients can follow; empty: none.
func parseUsageURL(value string) (string, error) {
	parsed, err := url.Parse(value)
	isURL := err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Hostname() != ""
	isPath := err == nil && parsed.Scheme == "" && parsed.Host == "" && strings.HasPrefix(parsed.Path, "/")
	if value == "" || (isURL || isPath) && parsed.User == nil && parsed.Fragment == "" && parsed.RawQuery == "" && len(value) <= maxUsagePath {
		return value, nil
	}
	shown := value
	if parsed != nil {
		shown = parsed.Redacted()
	}
	return "", invalid(shown, `use a URL such as "https://api.example.com/v1/usage" without a user, a query and a fragment, or its path`)
}

// checkUsagePath refuses a path that a route has too: one of the two would mean nothing.
// The default gives way instead, so that what the upstream has there stays.
func (c *Config) checkUsagePath(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	i := slices.IndexFunc(c.Routes.Routes, func(r route.Route) bool { return r.Path == c.UsagePath })
	if c.UsagePath == "" || i < 0 {
		return nil
	}
	s := find(usagePath)
	if counts := s.given(file, environment, sources.Flags)[0]; counts.where != defaultWhere {
		return []*Error{faultOf(counts, s, invalid(c.UsagePath, fmt.Sprintf("routes[%d] has this path too; use another path, or off", i)))}
	}
	c.Notes = append(c.Notes, fmt.Sprintf("usage_path is off, because routes[%d] has the path %s; set usage_path to another path, and holders of keys can ask what they have used", i, c.UsagePath))
	c.UsagePath = ""
	return nil
}
