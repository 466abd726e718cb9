package cli

import (
	"errors"
	"math/big"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/dbcopy"
)

// copiedTable is a table that was copied, in JSON.
type copiedTable struct {
	Table  string       `json:"table"`
	Source copiedCounts `json:"source"`
	Target copiedCounts `json:"target"`
	Equal  bool         `json:"equal"`
}

// copiedCounts are rows, and sums where a table has counters.
type copiedCounts struct {
	Rows     int64    `json:"rows"`
	Used     *big.Int `json:"used,omitempty"`
	Reserved *big.Int `json:"reserved,omitempty"`
	Denied   *big.Int `json:"denied,omitempty"`
}

func (a *app) copyCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "copy --from DATABASE --to DATABASE", Short: "Move everything from SQLite to PostgreSQL, or back",
		Long: `Copies keys, secrets, plans, usage, tokens and the audit log from a SQLite file to
a PostgreSQL database, or back, and compares them row by row. It doesn't change the
source. Stop every instance first: no instance opens a copy that is unfinished. The
target must be new or empty.

A database is "sqlite:PATH", or "env:VARIABLE" for a postgres://… URL in the
environment, so that no list of processes shows its password. After an interruption,
run the same command again and it goes on. If source and target differ at the end,
the exit code is 5, and the target stays unusable.`,
		Example: `  ration copy --from sqlite:./ration.db --to env:DATABASE_URL`,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.copyDatabase(cmd, from, to) },
	}
	flags := cmd.Flags()
	flags.StringVar(&from, "from", "", "database to copy: sqlite:PATH or env:VARIABLE")
	flags.StringVar(&to, "to", "", "new database: sqlite:PATH or env:VARIABLE")
	return cmd
}

func (a *app) copyDatabase(cmd *cobra.Command, from, to string) error {
	settings, err := a.localSettings(cmd)
	if err != nil {
		return err
	}
	config := dbcopy.Config{Progress: a.copyProgress}
	if config.From, err = a.copyPlace("--from", from); err != nil {
		return err
	}
	if config.To, err = a.copyPlace("--to", to); err != nil {
		return err
	}
	if (config.From.URL == "") == (config.To.URL == "") {
		return usagef("one of --from and --to must be a SQLite file and the other a PostgreSQL database; for two of the same kind use 'ration backup' or pg_dump")
	}
	log := newLogger(settings, a.stderr)
	config.From.Logger, config.To.Logger = log, log
	config.To.AcceptUnsafeDurability = settings.AcceptUnsafeDurability
	compared, err := dbcopy.Run(cmd.Context(), config)
	if len(compared) > 0 {
		err = errors.Join(err, a.showCopied(compared))
	}
	if err == nil {
		a.say("All rows are the same. Start every instance on the new database, and make sure that nothing uses the old one.")
	}
	if copyRefused(err) {
		return &storeError{err}
	}
	return err
}

// copyProgress shows a thousand rows at a time: to draw takes longer than to copy one.
func (a *app) copyProgress(total int) func(int) {
	show := a.progress(total, "copying")
	return func(done int) {
		if done%1000 == 0 || done == total {
			show(done)
		}
	}
}

// copyRefused reports whether a copy did not begin, or stopped, because a database
// can't be opened or is used for something else.
func copyRefused(err error) bool {
	return is[*dbcopy.OpenError](err) || is[*dbcopy.InUseError](err) || is[*dbcopy.NotEmptyError](err) || is[*dbcopy.OtherSourceError](err)
}

// copyPlace reads what --from or --to says.
func (a *app) copyPlace(flag, text string) (place dbcopy.Place, err error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "":
		return place, usagef("%s is missing: give sqlite:PATH or env:VARIABLE", flag)
	case kind == "sqlite" && rest != "":
		place.Path, err = rest, checkFile(flag, rest)
	case kind == "env":
		place.URL, err = a.databaseURL(rest)
	case kind == "postgres", kind == "postgresql":
		err = usagef("%s: put the URL into an environment variable, so that no list of processes shows its password, and give env: and the variable's name", flag)
	default:
		err = usagef("%s is %q: give sqlite:PATH or env:VARIABLE", flag, visible(text))
	}
	return place, err
}

func (a *app) showCopied(compared []dbcopy.Compared) error {
	var tables []copiedTable
	list := listing{columns: []column{
		{name: "table"},
		{name: "rows"},
		{name: "copied_rows"},
		{name: "used"},
		{name: "copied_used"},
		{name: "reserved"},
		{name: "copied_reserved"},
		{name: "denied"},
		{name: "copied_denied"},
		{name: "equal"},
	}}
	for _, c := range compared {
		tables = append(tables, copiedTable{c.Table, copiedCounts(c.Source), copiedCounts(c.Target), c.Equal})
		list.rows = append(list.rows, []string{
			c.Table, number(c.Source.Rows), number(c.Target.Rows), sumText(c.Source.Used), sumText(c.Target.Used),
			sumText(c.Source.Reserved), sumText(c.Target.Reserved), sumText(c.Source.Denied), sumText(c.Target.Denied), strconv.FormatBool(c.Equal),
		})
	}
	list.value = tables
	return a.show(list)
}

func sumText(sum *big.Int) string {
	if sum == nil {
		return "-"
	}
	return sum.String()
}
