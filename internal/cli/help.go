package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func init() { cobra.EnableCommandSorting = false } // what is needed first stands first

// rootExample is the way from nothing to an API that asks for keys.
const rootExample = `  ration dev
  ration plans create free --limit 1000/day
  ration keys create "Alice's laptop" --plan free
  ration serve --upstream http://127.0.0.1:3000`

const rootLong = `API keys and exact, durable quotas for any HTTP API.

'ration dev' shows in a minute what Ration does. For your own API, create a plan and
a key, and start the server with --upstream and your API's address.`

// addGroups puts the commands of the root under headings, in the order of the words.
func addGroups(root *cobra.Command) {
	for _, group := range []struct{ id, title, commands string }{
		{"start", "Start here:", "dev plans keys serve"},
		{"look", "See what was used, and why:", "usage top traffic explain reservations audit reconcile"},
		{"operate", "Run it for others:", "meters config tokens admin sessions requests jobs events webhooks instances doctor health migrate backup restore copy"},
		{"program", "About this program:", "help completion man version"},
	} {
		root.AddGroup(&cobra.Group{ID: group.id, Title: group.title})
		for name := range strings.FieldsSeq(group.commands) {
			for _, cmd := range root.Commands() {
				if cmd.Name() == name {
					cmd.GroupID = group.id
				}
			}
		}
	}
	root.SetHelpCommandGroupID("program")
}

// addCompletion adds cobra's own command, which takes any shell that it doesn't know
// for a call for help.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	i := slices.IndexFunc(root.Commands(), func(cmd *cobra.Command) bool { return cmd.Name() == "completion" })
	completion := root.Commands()[i]
	completion.Short = "Write the script by which a shell completes commands, keys and plans"
	completion.Args, completion.RunE = cobra.ArbitraryArgs, helpOrUnknown
	examples := map[string]string{
		"bash":       "  ration completion bash > /etc/bash_completion.d/ration",
		"zsh":        "  ration completion zsh > /usr/local/share/zsh/site-functions/_ration",
		"fish":       "  ration completion fish > ~/.config/fish/completions/ration.fish",
		"powershell": "  ration completion powershell >> $PROFILE",
	}
	for _, shell := range completion.Commands() {
		shell.Example = examples[shell.Name()]
	}
}

// dailySettings are the flags with which help of a server begins.
var dailySettings = []string{"upstream", "listen", "api-listen", "db", "config", "tls-cert-file", "tls-key-file", "log-level"}

// helpWidth is where lines of many settings break, so that two columns stay two.
const helpWidth = 110

// showDailyFirst makes the help of a command with all settings begin with those that
// are needed daily.
func showDailyFirst(cmd *cobra.Command) {
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		daily, others := newFlagSet(), newFlagSet()
		for _, name := range dailySettings {
			daily.AddFlag(cmp.Or(cmd.Flags().Lookup(name), cmd.InheritedFlags().Lookup(name)))
		}
		add := func(flag *pflag.Flag) {
			if daily.Lookup(flag.Name) == nil {
				others.AddFlag(flag)
			}
		}
		cmd.LocalFlags().VisitAll(add)
		cmd.InheritedFlags().VisitAll(add)
		_, err := fmt.Fprintf(cmd.OutOrStderr(), "Usage:\n  %s\n\nExamples:\n%s\n\nNeeded daily:\n%s\nAll others (what you leave out has a safe default):\n%s",
			cmd.UseLine(), cmd.Example, daily.FlagUsagesWrapped(helpWidth), others.FlagUsagesWrapped(helpWidth))
		return err
	})
}

// showFew makes a command's help name some of its flags, and say where the others are. Its
// database is another one than that of other commands.
func showFew(cmd *cobra.Command, database string, names ...string) {
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		few := newFlagSet()
		for _, name := range names {
			flag := *cmp.Or(cmd.Flags().Lookup(name), cmd.InheritedFlags().Lookup(name))
			if name == "db" {
				flag.Usage = `database: "sqlite:PATH" or a "postgres://…" URL (default ` + database + `)`
			}
			few.AddFlag(&flag)
		}
		_, err := fmt.Fprintf(cmd.OutOrStderr(), "Usage:\n  %s\n\nExamples:\n%s\n\nFlags:\n%s\nAll flags of 'ration serve' work too: 'ration serve --help' lists them.\n",
			cmd.UseLine(), cmd.Example, few.FlagUsagesWrapped(helpWidth))
		return err
	})
}

func newFlagSet() *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SortFlags = false
	return flags
}
