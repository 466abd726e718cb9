package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/dbcopy"
	"github.com/ration-dev/ration/postgres"
	"github.com/ration-dev/ration/sqlite"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 3
	exitNoStore = 4
	exitDamaged = 5
	exitMigrate = 6
	exitProblem = 7 // doctor or reconcile has found one
	exitToken   = 8 // a server refuses the token
	exitUnknown = 9 // nobody knows whether a change was made

	exitRelease = exitMigrate // a server of another release
)

// usageError says what is wrong with the arguments.
type usageError struct{ text string }

// Error implements error.
func (e *usageError) Error() string { return e.text }

func usagef(format string, values ...any) error { return &usageError{fmt.Sprintf(format, values...)} }

// exitCode returns the exit code of an error.
func exitCode(err error) int {
	if asked, ok := errors.AsType[*serverError](err); ok {
		return asked.code
	}
	switch {
	case errors.Is(err, ration.ErrOutcomeUnknown):
		return exitUnknown
	case is[*usageError](err), is[*ration.InvalidError](err):
		return exitUsage
	case is[*config.Error](err):
		return exitConfig
	case is[*sqlite.SchemaError](err), is[*sqlite.VersionError](err), is[*postgres.SchemaError](err), is[*postgres.MigrationError](err), is[*goose.PartialError](err),
		is[*dbcopy.UnknownSchemaError](err):
		return exitMigrate
	case errors.Is(err, sqlite.ErrNotRation), errors.Is(err, sqlite.ErrDamaged), errors.Is(err, sqlite.ErrAltered), errors.Is(err, postgres.ErrAltered), is[*dbcopy.MismatchError](err):
		return exitDamaged
	case is[*problemsError](err), is[*differencesError](err):
		return exitProblem
	case is[*storeError](err), errors.Is(err, ration.ErrStoreUnavailable), errors.Is(err, adminsock.ErrSilent):
		return exitNoStore
	}
	return exitFailure
}

// explain returns the text of an error for people: what was wrong, and what to do.
func explain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "\nration: ")
	if older(err) {
		text += "; run 'ration migrate' once every server runs this release"
	}
	return text
}

// older reports whether the database waits for its migration.
func older(err error) bool {
	if schema, ok := errors.AsType[*sqlite.SchemaError](err); ok {
		return schema.Have < schema.Want
	}
	schema, ok := errors.AsType[*postgres.SchemaError](err)
	return ok && schema.Have < schema.Want
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// flagError suggests the flag that was perhaps meant, or the command: of one that
// is mistyped no flag is known.
func flagError(cmd *cobra.Command, err error) error {
	if before := cmd.Flags().Args(); cmd.HasSubCommands() && len(before) > 0 {
		return unknownCommand(cmd, before[0])
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok && invalid.GetFlag().Value.Type() == "duration" {
		return usagef(`--%s is %q: use days or hours and minutes, such as "7d", "24h" or "1h30m", or 0`, invalid.GetFlag().Name, invalid.GetValue())
	}
	missing, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok || missing.GetSpecifiedShortnames() != "" {
		return usagef("%s; see '%s --help'", err, cmd.CommandPath())
	}
	if reason := config.Gone(strings.ReplaceAll(missing.GetSpecifiedName(), "-", "_")); reason != "" {
		return usagef("--%s %s", missing.GetSpecifiedName(), reason)
	}
	var known []string
	cmd.Flags().VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
	nearest := config.Closest(missing.GetSpecifiedName(), known)
	if nearest == "" {
		return usagef("%s; see '%s --help'", err, cmd.CommandPath())
	}
	return usagef("%s; did you mean --%s?", err, nearest)
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, command := range cmd.Commands() {
		if command.IsAvailableCommand() {
			known = append(known, command.Name())
		}
	}
	if nearest := config.Closest(name, known); nearest != "" {
		return usagef("unknown command %q for '%s'; did you mean '%s %s'?", name, cmd.CommandPath(), cmd.CommandPath(), nearest)
	}
	if root := cmd.Root(); cmd != root { // 'ration keys explain'
		for _, command := range root.Commands() {
			if command.IsAvailableCommand() && command.Name() == name {
				return usagef("unknown command %q for '%s'; did you mean '%s'?", name, cmd.CommandPath(), command.CommandPath())
			}
		}
	}
	return usagef("unknown command %q for '%s'; see '%s --help'", name, cmd.CommandPath(), cmd.CommandPath())
}

// noArguments and oneArgument are what commands take after their flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("'%s' takes no argument, but got %q; see '%s --help'", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("'%s' takes one argument, %s; %d were given; see '%s --help'", cmd.CommandPath(), what, len(args), cmd.CommandPath())
		}
		return nil
	}
}
