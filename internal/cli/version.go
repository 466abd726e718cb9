package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/rationadmin"
)

// version is what is known of this build, in JSON.
type version struct {
	Version  string `json:"version"` // "(devel)" if it was not built from a release
	Revision string `json:"revision"`
	Modified bool   `json:"modified"` // the source differed from the revision; false without one
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this program", Args: noArguments,
		Example: `  ration version`,
		RunE:    func(*cobra.Command, []string) error { return a.showVersion() },
	}
}

// addVersionFlag lets the root command do what "ration version" does.
func (a *app) addVersionFlag(root *cobra.Command) {
	wanted := root.Flags().BoolP("version", "v", false, "show the version of this program")
	run := root.RunE
	root.RunE = func(cmd *cobra.Command, args []string) error {
		if *wanted && len(args) == 0 {
			return a.showVersion()
		}
		return run(cmd, args)
	}
}

func (a *app) showVersion() error {
	info, _ := debug.ReadBuildInfo()
	v := buildVersion(info)
	return a.show(listing{
		value: v, columns: []column{{name: "version"}, {name: "revision"}, {name: "modified"}, {name: "go"}, {name: "platform"}},
		rows: [][]string{{v.Version, v.Revision, strconv.FormatBool(v.Modified), v.Go, v.Platform}},
	})
}

// buildVersion reads what the build has noted of itself; nil if it noted nothing.
func buildVersion(info *debug.BuildInfo) version {
	v := version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info == nil {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Revision = setting.Value
		case "vcs.modified":
			v.Modified = setting.Value == "true"
		}
	}
	return v
}

// startedAt is when the process started.
var startedAt = time.Now()

// thisInstance is what the operations say of this process.
func thisInstance(settings config.Config) rationadmin.Instance {
	info, _ := debug.ReadBuildInfo()
	v := buildVersion(info)
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return rationadmin.Instance{
		Name: strings.ToValidUTF8(host, "?"), Version: v.Version, Revision: v.Revision, Modified: v.Modified, Go: v.Go, Platform: v.Platform,
		StartedAt: startedAt, Weakened: append(weakSettings(settings), weakRoutes(settings)...),
	}
}
