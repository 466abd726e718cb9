package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/redact"
)

// app is one run of the command line.
type app struct {
	stdin       io.Reader
	stdout      io.Writer
	stderr      io.Writer
	environment []string

	// Flags that every command has.
	configFile string
	db         string
	given      map[string]string // settings by flag, but for db
	fixed      map[string]string // settings that the command decides
	format     format
	quiet      bool

	patient bool // a server may take as long as it needs
}

// Main runs the command line and returns its exit code. Nothing but its
// parameters and the files that they name has an influence on it, so tests run
// it in their own process.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, environment []string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, environment: environment, format: formatTable}
	root := a.rootCommand()
	root.SetArgs(args)
	if isCompletion(args) {
		a.addChoices(root)
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "ration: "+redact.Of(misplaced(args, environment)...).Text(explain(err)))
	return exitCode(err)
}

func (a *app) rootCommand() *cobra.Command {
	root := a.group("ration", "API keys and exact, durable quotas for any HTTP API",
		a.devCommand(), a.plansCommand(), a.metersCommand(), a.keysCommand(), a.serveCommand(),
		a.usageCommand(), a.topCommand(), a.trafficCommand(), a.explainCommand(), a.reservationsCommand(), a.auditCommand(), a.reconcileCommand(),
		a.configCommand(), a.tokensCommand(), a.adminCommand(), a.sessionsCommand(), a.requestsCommand(), a.jobsCommand(), a.instancesCommand(), a.eventsCommand(), a.webhooksCommand(), a.doctorCommand(), a.healthCommand(), a.migrateCommand(), a.backupCommand(), a.restoreCommand(), a.copyCommand(),
		a.manCommand(), a.versionCommand(),
	)
	root.Long, root.Example = rootLong, rootExample
	a.addVersionFlag(root)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "configuration file (RATION_CONFIG)")
	flags.StringVar(&a.db, "db", "", `database: "sqlite:PATH" or a "postgres://…" URL (RATION_DB; default sqlite:./ration.db)`)
	a.addTargetFlags(flags)
	flags.VarP(&a.format, "output", "o", "what to print: table, json or csv")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print only what a script needs: ids, or a new secret")
	addCompletion(root)
	addGroups(root)
	return root
}

// group makes a command that only holds others.
func (a *app) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: helpOrUnknown,
	}
	group.AddCommand(commands...)
	return group
}

// helpOrUnknown runs a command that only holds others.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownCommand(cmd, args[0])
}
