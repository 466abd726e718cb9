package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
)

// targetShown is what commands work on, in JSON.
type targetShown struct {
	Kind    string `json:"kind"`              // database or server
	Name    string `json:"name"`              // the database, without its password, or the URL
	Because string `json:"because"`           // what names it
	Profile string `json:"profile,omitempty"` // empty: none counts
	Token   string `json:"token,omitempty"`   // where the token is from; never the token
	CAFile  string `json:"ca_file,omitempty"` // empty: the system's certificates
	Actor   string `json:"actor,omitempty"`   // who the audit log says it was
}

func (a *app) configExplainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain", Short: "Say which database or server commands work on, and why",
		Long: `Says which database or server a command with the same flags, environment and
configuration file would work on. It opens and asks neither.

The command line counts before the environment, the environment before the
configuration file, and that before the profile in use. Within one of these, only one
of db, server and profile may be named. If none is, it is the database ./ration.db.`,
		Example: `  ration config explain
  ration config explain --db sqlite:./ration.db`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			shown := describeTarget(settings)
			list := listing{value: shown, columns: []column{{name: "what"}, {name: "says"}}, rows: [][]string{
				{shown.Kind, shown.Name}, {"because", shown.Because},
			}}
			for _, row := range [][]string{{"profile", shown.Profile}, {"token", shown.Token}, {"ca_file", shown.CAFile}, {"actor", shown.Actor}} {
				if row[1] != "" {
					list.rows = append(list.rows, row)
				}
			}
			return a.show(list)
		},
	}
}

func describeTarget(settings config.Config) targetShown {
	because := settings.Target.Where
	if because == "" {
		because = "nothing names another one"
	}
	if !asksServer(settings) {
		return targetShown{Kind: "database", Name: describe(settings.DB), Because: because, Actor: actor()}
	}
	shown := targetShown{Kind: "server", Name: settings.Server.URL, Because: because, Profile: settings.Profile, Token: settings.Server.TokenFrom, CAFile: settings.Server.CAFile}
	if settings.Target.Setting != targetProfile {
		shown.Profile = ""
	}
	return shown
}
