package cli

import (
	"fmt"

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
	return a.group("config", "Check the configuration, list all settings, and name servers", a.configCheckCommand(), a.configExplainCommand(), a.configListCommand(), a.profilesCommand())
}

func (a *app) configCheckCommand() *cobra.Command {
	var explained bool
	var header []string
	cmd := &cobra.Command{
		Use: "check [--explain METHOD PATH]", Short: "Check the configuration file and the environment without starting a server",
		Long: `Checks the configuration file and the environment. It warns about paths and methods
that get past a scope or a price because no route matches them, about routes that
repeat the path of upstream, and about segments such as "$id", which match only
themselves. If the configuration is wrong, the exit code is 3; a warning doesn't
change the exit code.

--explain METHOD PATH shows what happens to a request, with the code that serves it:
its route, what it costs and what it needs, or why it is refused. Write the path as a
client sends it, percent-encoded; it may have a query. The command doesn't look at
anything that depends on the key, on an Idempotency-Key or on the body. The exit code
is 0 even if the request would be refused, and 2 if no request can have this METHOD
or PATH.`,
		Example: `  ration config check --config ration.yaml
  ration config check --config ration.yaml --explain POST '/v1/search?q=x'
  ration config check --explain OPTIONS /v1/search --header 'Origin: https://app.example.com' --header 'Access-Control-Request-Method: POST'`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case explained && len(args) != 2:
				return usagef("--explain takes a method and a path, such as: --explain POST /v1/search; %d given", len(args))
			case !explained && len(header) > 0:
				return usagef("--header belongs to --explain METHOD PATH")
			case !explained:
				return noArguments(cmd, args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			if explained {
				return a.explainRequest(settings, args, header)
			}
			if err := thisMachine.checkUpstream(cmd.Context(), settings.Upstream, thisMachine.listeners(cmd.Context(), settings)); err != nil {
				return err
			}
			return a.checkConfig(settings)
		},
	}
	cmd.Flags().BoolVar(&explained, "explain", false, "say what happens to the request METHOD PATH")
	cmd.Flags().StringArrayVar(&header, "header", nil, `a header of that request, "Name: value"; may be repeated`)
	return cmd
}

// checkConfig says whether the proxy that the settings describe can be, and what
// they leave open.
func (a *app) checkConfig(settings config.Config) error {
	if settings.Upstream != nil {
		if _, err := configuredProxy(settings); err != nil {
			return err
		}
	}
	for _, files := range settings.Certificates().All() {
		if _, err := files.Open(); err != nil {
			return err
		}
	}
	for _, warning := range settings.Warnings() {
		fmt.Fprintln(a.stderr, "ration: warning: "+visible(warning))
	}
	if settings.File == "" {
		a.say("The configuration is valid; no file was given with --config or RATION_CONFIG.")
		return nil
	}
	a.say("The configuration is valid, with file %s.", visible(settings.File))
	return nil
}

func (a *app) configListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all settings, their flags, variables and defaults", Args: noArguments,
		Example: `  ration config list
  ration config list -o csv`,
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
