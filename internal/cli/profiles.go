package cli

import (
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/profiles"
)

func (a *app) profilesCommand() *cobra.Command {
	return a.group("profiles", "Name the servers that you administer",
		a.profilesListCommand(), a.profilesAddCommand(), a.profilesUseCommand(), a.profilesRemoveCommand())
}

// profileFile reads the user's profiles.
func (a *app) profileFile() (profiles.File, error) {
	path := profiles.Path(a.environment)
	if path == "" {
		return profiles.File{}, &config.Error{Where: "HOME", Reason: "the environment doesn't say where this user's configuration is; set HOME"}
	}
	return profiles.Load(path)
}

// profileRow is a profile in JSON.
type profileRow struct {
	Name              string `json:"name"`
	InUse             bool   `json:"in_use"`
	Server            string `json:"server"`
	TokenFile         string `json:"token_file"` // empty: the profile has the token itself
	CAFile            string `json:"ca_file"`
	AcceptPlainServer bool   `json:"accept_plain_server"`
}

func (a *app) profilesListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the profiles; no token is shown", Args: noArguments,
		Example: `  ration config profiles list
  ration config profiles list -o json`,
		RunE: func(*cobra.Command, []string) error {
			file, err := a.profileFile()
			if err != nil {
				return err
			}
			all := []profileRow{}
			list := listing{columns: []column{{name: "name"}, {name: "in_use"}, {name: "server"}, {name: "token"}, {name: "ca_file", wide: true}}}
			for _, name := range sortedNames(file.Profiles) {
				p := file.Profiles[name]
				all = append(all, profileRow{name, name == file.Use, p.Server, p.TokenFile, p.CAFile, p.AcceptPlainServer})
				token, mark := p.TokenFile, "no"
				if token == "" {
					token = "in " + file.Path
				}
				if name == file.Use {
					mark = "yes"
				}
				list.rows = append(list.rows, []string{name, mark, p.Server, token, p.CAFile})
			}
			list.value = all
			return a.show(list)
		},
	}
}

func (a *app) profilesAddCommand() *cobra.Command {
	var replace, use bool
	cmd := &cobra.Command{
		Use: "add NAME --server URL --token-file FILE", Short: "Give a server a name",
		Long: `Gives a server a name, for --profile NAME and RATION_PROFILE. The profile keeps the
path of the token file, so a new token in that file counts at once. Without
--token-file it reads the token from the standard input and keeps the token itself.
Profiles are in ration/profiles.yaml in your configuration directory, which only you
can read. The server isn't asked.`,
		Example: `  ration config profiles add production --server https://ration.example.com:8082 --token-file production.token --use
  ration config profiles add staging --server https://staging.example.com:8082 --token-file staging.token`,
		Args: oneArgument("the name of the profile"),
		RunE: func(_ *cobra.Command, args []string) error { return a.addProfile(args[0], replace, use) },
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace a profile of this name")
	cmd.Flags().BoolVar(&use, "use", false, "use the profile wherever nothing else is named")
	return cmd
}

func (a *app) addProfile(name string, replace, use bool) error {
	if err := checkProfileName(name); err != nil {
		return err
	}
	file, err := a.profileFile()
	if err != nil {
		return err
	}
	profile, err := a.newProfile()
	if err != nil {
		return err
	}
	if err := file.Add(name, profile, replace); err != nil {
		return usagef("%s", err)
	}
	if use {
		file.Use = name
	}
	if err := file.Save(); err != nil {
		return err
	}
	switch {
	case use:
		a.say("Added profile %s, which commands use now wherever nothing else is named.", name)
	default:
		a.say("Added profile %s. Name it with --profile %s, or use it wherever nothing else is named: ration config profiles use %s", name, name, name)
	}
	return nil
}

// newProfile makes a profile of the flags.
func (a *app) newProfile() (profile profiles.Profile, err error) {
	if a.given[targetServer] == "" || a.given[targetProfile] != "" {
		return profile, usagef("name the server with --server URL, such as https://ration.example.com:8082")
	}
	settings, err := a.settings()
	if err != nil {
		return profile, err
	}
	profile = profiles.Profile{Server: settings.Server.URL, AcceptPlainServer: settings.Server.AcceptPlain}
	if settings.Server.CAFile != "" {
		if _, err := readRoots(settings.Server.CAFile); err != nil {
			return profile, err
		}
		profile.CAFile = absolute(settings.Server.CAFile)
	}
	if path := a.given["token_file"]; path != "" {
		profile.TokenFile, err = filepath.Abs(path)
		return profile, err
	}
	if isTerminal(a.stdin) {
		return profile, usagef("give the path of a file with the service token with --token-file, or the token itself on the standard input")
	}
	text, err := io.ReadAll(io.LimitReader(a.stdin, maxToken))
	if err != nil {
		return profile, err
	}
	token, err := config.ParseToken(string(text))
	if err != nil {
		return profile, usagef("the standard input %s", err)
	}
	profile.Token = token.Reveal()
	return profile, nil
}

// maxToken bounds what is read of a token, in bytes.
const maxToken = 4 << 10

func checkProfileName(name string) error {
	if name == "" {
		return usagef("the profile needs a name")
	}
	_, err := config.ParseProfileName(name)
	return err
}

func (a *app) profilesUseCommand() *cobra.Command {
	var none bool
	cmd := &cobra.Command{
		Use: "use NAME | --none", Short: "Choose the server that commands ask if nothing else is named",
		Long: `Chooses the profile that counts for commands for which neither --db, --server or
--profile, nor their variables, nor the configuration file says otherwise. 'ration
config explain' shows what counts.`,
		Example: `  ration config profiles use production
  ration config profiles use --none`,
		Args: func(cmd *cobra.Command, args []string) error {
			if none {
				return noArguments(cmd, args)
			}
			return oneArgument("the name of the profile, or --none")(cmd, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := a.profileFile()
			if err != nil {
				return err
			}
			name := ""
			if !none {
				name = args[0]
				if _, known := file.Profiles[name]; !known {
					return noProfile(file, name)
				}
			}
			file.Use = name
			return file.Save()
		},
	}
	cmd.Flags().BoolVar(&none, "none", false, "use no profile; commands work on a database again")
	return cmd
}

func noProfile(file profiles.File, name string) error {
	return usagef("there is no profile %q%s", visible(name), orNearest(name, sortedNames(file.Profiles), "; 'ration config profiles list' shows all"))
}

func (a *app) profilesRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Remove a profile; its token stays valid",
		Long: `Removes a profile. Its token stays valid, and a token file stays where it is: 'ration
tokens revoke' ends a token.`,
		Example: `  ration config profiles remove staging`,
		Args:    oneArgument("the name of the profile"),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := a.profileFile()
			if err != nil {
				return err
			}
			if err := file.Remove(args[0]); err != nil {
				return noProfile(file, args[0])
			}
			return file.Save()
		},
	}
}
