package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/profiles"
)

// inUse is where a profile is named that 'ration config profiles use' has chosen.
const inUse = "the profile in use"

// settleProfile finds the server of the profile that counts: the one that was named, or
// the one in use if nothing else was.
func (a *app) settleProfile(settings *config.Config) error {
	named := settings.Target.Setting == targetProfile
	if !named && settings.Target.Setting != "" {
		return nil
	}
	path := profiles.Path(a.environment)
	if path == "" {
		if named {
			return &config.Error{Where: settings.Target.Where, Reason: "there are no profiles, because the environment doesn't say where this user's configuration is; set HOME"}
		}
		return nil
	}
	file, err := profiles.Load(path)
	if err != nil {
		return err
	}
	if !named {
		if file.Use == "" {
			return nil
		}
		settings.Profile, settings.Target = file.Use, config.Target{Setting: targetProfile, Where: inUse}
	}
	profile, known := file.Profiles[settings.Profile]
	if !known {
		return &config.Error{Where: settings.Target.Where, Reason: fmt.Sprintf("there is no profile %q%s", settings.Profile, orNearest(settings.Profile, sortedNames(file.Profiles), "; 'ration config profiles list' shows all"))}
	}
	return a.openProfile(settings, profile, path)
}

// openProfile takes over a profile's server. Of the settings beside it, only flags count:
// what is set for another server must not reach this one.
func (a *app) openProfile(settings *config.Config, profile profiles.Profile, path string) error {
	server, err := profile.Open(path)
	token, from := settings.Server.Token, settings.Server.TokenFrom
	switch {
	case a.given["token_file"] != "":
		server.Token, server.TokenFrom, err = token, from, nil
	case err != nil:
		return &config.Error{Where: fmt.Sprintf("profile %q", settings.Profile), Reason: err.Error()}
	}
	if a.given["ca_file"] != "" {
		server.CAFile = settings.Server.CAFile
	}
	if from != "" && from != server.TokenFrom {
		fmt.Fprintf(a.stderr, "ration: note: %s doesn't count: profile %q has its own token\n", visible(from), settings.Profile)
	}
	settings.Server = server
	return nil
}

// What commands work on; see [config.Target].
const (
	targetServer  = "server"
	targetProfile = "profile"
)

// asksServer reports whether commands ask a server, and open no database.
func asksServer(settings config.Config) bool {
	return settings.Target.Setting == targetServer || settings.Target.Setting == targetProfile
}

// serverNamed names a server and what names it.
func serverNamed(settings config.Config) string {
	if settings.Target.Setting == targetProfile {
		return fmt.Sprintf("%s (profile %q)", settings.Server.URL, settings.Profile)
	}
	return settings.Server.URL
}

// localSettings are the settings of a command that needs the database itself.
func (a *app) localSettings(cmd *cobra.Command) (config.Config, error) {
	settings, err := a.settings()
	if err == nil && asksServer(settings) {
		err = needsDatabase(cmd, settings)
	}
	return settings, err
}

func needsDatabase(cmd *cobra.Command, settings config.Config) error {
	names := fmt.Sprintf("%s names the server %s", settings.Target.Where, settings.Server.URL)
	if settings.Target.Setting == targetProfile {
		names = fmt.Sprintf("%s is %q, the server %s", settings.Target.Where, settings.Profile, settings.Server.URL)
		if settings.Target.Where != inUse {
			names = fmt.Sprintf("%s names the profile %q, the server %s", settings.Target.Where, settings.Profile, settings.Server.URL)
		}
	}
	return usagef("'%s' needs the database itself, and %s; run it on that server's machine, or name a database with --db", cmd.CommandPath(), names)
}

// refuseServer refuses flags that name a server, for commands that ask none.
func (a *app) refuseServer(cmd *cobra.Command) error {
	for _, name := range []string{targetServer, targetProfile} {
		if a.given[name] != "" {
			return usagef("'%s' is about this machine, so --%s has no meaning for it; run it on the server's machine", cmd.CommandPath(), name)
		}
	}
	return nil
}

// errNoToken says that nothing gives a token for the server.
var errNoToken = errors.New("there is no service token for it: give the path of a file that holds one with --token-file or RATION_TOKEN_FILE, or add a profile with 'ration config profiles add'")
