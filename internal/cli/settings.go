package cli

import (
	"fmt"
	"maps"
	"os"
	"os/user"
	"strconv"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/portal"
)

func (a *app) settings() (config.Config, error) {
	flags := maps.Clone(a.given)
	if a.db != "" {
		if flags == nil {
			flags = make(map[string]string)
		}
		flags["db"] = a.db
	}
	sources := config.Sources{File: a.configFile, Environment: a.environment, Flags: flags, Fixed: a.fixed, Checks: settingChecks}
	settings, err := config.Load(sources)
	for _, note := range settings.Notes {
		fmt.Fprintln(a.stderr, "ration: note: "+note)
	}
	if err == nil {
		err = a.settleProfile(&settings)
	}
	return settings, err
}

// settingChecks are what those who use settings refuse of them.
var settingChecks = map[string]func(*config.Config) error{
	"bootstrap_token_file": func(c *config.Config) error {
		if c.BootstrapToken.IsZero() {
			return nil
		}
		return admin.CheckTokenSecret(c.BootstrapToken)
	},
	"portal_logo": func(c *config.Config) error {
		if c.Portal.Logo == "" {
			return nil
		}
		_, err := portal.ReadLogo(c.Portal.Logo)
		return err
	},
	"pass_headers":     func(c *config.Config) error { return inbound.CheckPassHeaders(c.PassHeaders) },
	"upstream_headers": func(c *config.Config) error { return inbound.CheckUpstreamHeaders(c.UpstreamHeaders) },
}

// actor is who the audit log says it was. The name comes from the operating
// system: variables such as USER can say anything.
func actor() string {
	if current, err := user.Current(); err == nil && current.Username != "" {
		return "cli:" + current.Username
	}
	return "cli:uid-" + strconv.Itoa(os.Getuid())
}
