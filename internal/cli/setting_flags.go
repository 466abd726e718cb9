package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ration-dev/ration/internal/config"
)

// addSettingFlags gives a command a flag for each setting that is named, or for
// every one if none is. Their values are checked with those of the other
// sources, by config.Load.
func (a *app) addSettingFlags(cmd *cobra.Command, names ...string) {
	for _, setting := range config.Settings() {
		if setting.Name == "db" || slices.Contains(targetSettings, setting.Name) { // every command has them
			continue
		}
		if len(names) == 0 || slices.Contains(names, setting.Name) {
			a.addSettingFlag(cmd.Flags(), setting)
		}
	}
}

// targetSettings are the settings of commands that ask a server.
var targetSettings = []string{targetServer, "token_file", "ca_file", "accept_plain_server", targetProfile}

// addTargetFlags gives all commands the flags that say which server they ask.
func (a *app) addTargetFlags(flags *pflag.FlagSet) {
	for _, setting := range config.Settings() {
		if slices.Contains(targetSettings, setting.Name) {
			a.addSettingFlag(flags, setting)
		}
	}
}

func (a *app) addSettingFlag(flags *pflag.FlagSet, setting config.Setting) {
	flag := &settingFlag{app: a, name: setting.Name, form: setting.Form, value: setting.Default}
	if setting.Form == formOfSwitch {
		flag.form = "bool" // what pflag knows a switch by
	}
	flags.Var(flag, setting.FlagName(), strings.ReplaceAll(setting.Doc, "`", "'")) // what is in backquotes would be taken for the value's name
	if flag.form == "bool" {
		flags.Lookup(setting.FlagName()).NoOptDefVal = "true"
	}
}

// formOfSwitch is the form of settings whose flag may stand alone.
const formOfSwitch = "true or false"

// settingFlag is a flag that notes its value among the settings that were given.
type settingFlag struct {
	app        *app
	name, form string
	value      string // the default until it is set
}

// Set implements pflag.Value.
func (f *settingFlag) Set(value string) error {
	if f.app.given == nil {
		f.app.given = make(map[string]string)
	}
	f.app.given[f.name], f.value = value, value
	return nil
}

// words returns the values that a setting of a few words can have.
func (f *settingFlag) words() []string {
	list, last, several := strings.Cut(f.form, " or ")
	if !several {
		return nil
	}
	return append(strings.Split(list, ", "), last)
}

// String implements pflag.Value.
func (f *settingFlag) String() string { return f.value }

// Type implements pflag.Value: what help shows as the value.
func (f *settingFlag) Type() string { return f.form }
