package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ration-dev/ration/internal/route"
)

// Portal has the settings of the pages for people who hold or want a key.
type Portal struct {
	Path            string // empty: off
	ByDefault       bool   // nothing set Path
	URL             string // without a slash at its end; empty: as the browser asks
	Name            string
	Logo            string // a file; empty: none
	Color           string // #rrggbb
	Link            string // empty: none
	Rotation        bool
	RotationOverlap time.Duration
}

// maxPortalName bounds the name of the pages, in characters.
const maxPortalName = 60

func parsePortalPath(value string) (string, error) {
	path, err := parseOwnPath(value, DevPortalPath)
	if err != nil || path == "" {
		return "", err
	}
	for _, served := range servedPaths {
		if isBelow(served, path) {
			return "", invalid(value, "the verify API has something else below it")
		}
	}
	return path, nil
}

// isBelow reports whether a path is another one or below it.
func isBelow(path, of string) bool { return path == of || strings.HasPrefix(path, of+"/") }

func parsePortalURL(value string) (string, error) {
	parsed, err := url.Parse(value)
	switch {
	case value == "":
		return "", nil
	case err != nil, parsed.User != nil:
		return "", invalid("", "use a URL without user name and password, such as https://api.example.com/portal")
	case parsed.Scheme != "https" && parsed.Scheme != "http", parsed.Hostname() == "":
		return "", invalid(value, `use a URL such as "https://api.example.com/portal"`)
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		return "", invalid("", "use a URL without query and fragment")
	}
	return strings.TrimRight(value, "/"), nil
}

func parsePortalName(value string) (string, error) {
	if strings.TrimSpace(value) == "" || !utf8.ValidString(value) || utf8.RuneCountInString(value) > maxPortalName ||
		strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", invalid(value, fmt.Sprintf("use a name of 1 to %d characters without control characters", maxPortalName))
	}
	return strings.TrimSpace(value), nil
}

var color = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)

// parseColor reads a colour and returns it with six digits.
func parseColor(value string) (string, error) {
	if !color.MatchString(value) {
		return "", invalid(value, `use a colour such as "#3056d3"`)
	}
	value = strings.ToLower(value)
	if len(value) == 4 {
		value = string([]byte{'#', value[1], value[1], value[2], value[2], value[3], value[3]})
	}
	return value, nil
}

func parsePortalLink(value string) (string, error) {
	parsed, err := url.Parse(value)
	switch {
	case value == "":
		return "", nil
	case err != nil, parsed.User != nil:
		return "", invalid("", "use a URL without user name and password, such as https://example.com")
	case parsed.Hostname() == "", parsed.Scheme != "https" && (parsed.Scheme != "http" || !IsLoopback(parsed.Hostname())):
		return "", invalid(value, `use an https:// URL such as "https://example.com"`)
	}
	return value, nil
}

func parseOn(value string) (bool, error) {
	_, err := parseChoice(value, "on", "off")
	return value == "on", err
}

// DevPortalPath is where `ration dev` has the pages if nothing says where.
const DevPortalPath = "/portal"

// ShowPortal switches the pages on if nothing has said whether they are on, and nothing
// else has their path, with all that can be done on them: what those who try Ration are to
// see.
func (c *Config) ShowPortal() {
	if !c.Portal.ByDefault {
		return
	}
	c.Portal.Path, c.Portal.Rotation = DevPortalPath, true
	c.KeyRequests.Open = c.KeyRequests.Open || c.KeyRequests.ByDefault
	if c.portalConflict() != "" {
		c.Portal.Path = ""
	}
}

// checkPortalPath refuses a path that something else has too: one of the two would mean
// nothing.
func (c *Config) checkPortalPath(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	if reason := c.portalConflict(); c.Portal.Path != "" && reason != "" {
		s := find(portalPath)
		return []*Error{faultOf(s.given(file, environment, sources.Flags)[0], s, invalid(c.Portal.Path, reason))}
	}
	return nil
}

// portalConflict says what else has the path of the pages, or would be below it. Empty:
// nothing.
func (c *Config) portalConflict() string {
	if c.UsagePath != "" && (isBelow(c.UsagePath, c.Portal.Path) || isBelow(c.Portal.Path, c.UsagePath)) {
		return "usage_path is " + c.UsagePath + "; neither of the two may be below the other"
	}
	if i := slices.IndexFunc(c.Routes.Routes, func(r route.Route) bool { return isBelow(r.Path, c.Portal.Path) }); i >= 0 {
		return fmt.Sprintf("routes[%d] has the path %s, which would be one of its pages; use another path, or off", i, c.Routes.Routes[i].Path)
	}
	return ""
}
