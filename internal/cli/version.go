package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is what is known of this build, in JSON.
type version struct {
	Version  string `json:"version"` // "(devel)" if it was not built from a release
	Revision string `json:"revision"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.showVersion() },
	}
}

// addVersionFlag lets the root command do what "ration version" does.
func (a *app) addVersionFlag(root *cobra.Command) {
	wanted := root.Flags().Bool("version", false, "show the version of this program")
	run := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *wanted && len(args) == 0 {
			return a.showVersion()
		}
		return run(cmd, args)
	}
}

func (a *app) showVersion() error {
	v := buildVersion()
	return a.show(listing{
		value: v, columns: []column{{name: "version"}, {name: "revision"}, {name: "go"}, {name: "platform"}},
		rows: [][]string{{v.Version, v.Revision, v.Go, v.Platform}},
	})
}

func buildVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			v.Revision = setting.Value
		}
	}
	return v
}
