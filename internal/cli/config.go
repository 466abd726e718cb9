package cli

import (
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
)

// setting is a setting in JSON.
type setting struct {
	Name     string `json:"name"`     // in a configuration file
	Flag     string `json:"flag"`     // empty: only a file has it
	Variable string `json:"variable"` // of the environment; empty: only a file has it
	Value    string `json:"value"`    // what a value looks like
	Default  string `json:"default"`
	Meaning  string `json:"meaning"`
}

func (a *app) configCommand() *cobra.Command {
	return a.group("config", "Check the configuration and list all settings", a.configCheckCommand(), a.configListCommand())
}

func (a *app) configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check the configuration file and the environment, and start nothing", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			if err := thisMachine.checkUpstream(cmd.Context(), settings.Upstream, thisMachine.listeners(cmd.Context(), settings)); err != nil {
				return err
			}
			if settings.File == "" {
				a.say("The configuration is valid; no file was given, by --config or RATION_CONFIG.")
			} else {
				a.say("The configuration is valid, with file %s.", visible(settings.File))
			}
			return nil
		},
	}
}

func (a *app) configListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all settings, their flags, variables and defaults", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.show(settingListing()) },
	}
}

func settingListing() listing {
	list := listing{columns: []column{
		{name: "name"}, {name: "flag", wide: true}, {name: "variable"}, {name: "value"}, {name: "default"}, {name: "meaning"},
	}}
	var all []setting
	for _, s := range config.Settings() {
		all = append(all, setting{s.Name, s.Flag(), s.Variable(), s.Form, s.Default, s.Doc})
	}
	for _, s := range config.FileSettings() {
		all = append(all, setting{Name: s.Name, Value: s.Form, Default: s.Default, Meaning: s.Doc})
	}
	for _, s := range all {
		list.rows = append(list.rows, []string{s.Name, s.Flag, s.Variable, s.Value, s.Default, s.Meaning})
	}
	list.value = all
	return list
}
