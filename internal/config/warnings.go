package config

import (
	"fmt"
	"strings"
)

// Warnings returns a sentence about each thing that the settings allow, perhaps by
// mistake. They hold no secret.
func (c *Config) Warnings() []string {
	warnings := c.Routes.Gaps()
	if c.Upstream == nil {
		return warnings
	}
	base := strings.TrimRight(c.Upstream.Path, "/")
	if base == "" {
		return warnings
	}
	for i, route := range c.Routes.Routes {
		if route.Path != base && !strings.HasPrefix(route.Path, base+"/") {
			continue
		}
		meant := strings.TrimPrefix(route.Path, base)
		if meant == "" {
			meant = "/"
		}
		warnings = append(warnings, fmt.Sprintf("routes[%d] (%s) begins with the path of upstream, which is put before the path of every request: "+
			"the API gets %s%s; write %s if clients leave %s out", i, route.Path, base, route.Path, meant, base))
	}
	return warnings
}
