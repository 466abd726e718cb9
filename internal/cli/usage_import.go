package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/keyimport"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) usageImportCommand() *cobra.Command {
	source, meter := new(keySource), ration.MeterRequests
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import another system's counts, so that what remains today is right at once",
		Long: `Reads counts from a CSV file ("-": standard input) or from a table (--table) of a
SQLite file or of a PostgreSQL database. Put the database's URL into the environment,
so that no list of processes shows its password. Each row says how many units a key
has used on one date, in the key's time zone, and optionally when it was last used.

Every day is raised to at least what the file says. What is missing is added to the
day and to the total, and to the current day, week and month if the date is in them.
The current hour doesn't change, because a day's count can't be divided among hours.
You can repeat an import, and nothing that Ration counted meanwhile is counted twice.

Everything is checked before anything is written. --dry-run says what would change.
The columns are key (its id, or a secret that was imported), date, request_count, and
optionally last_request_at (without an offset it is UTC) and meter; or those that
'ration usage -o csv' writes. A mapping
(--mapping) is a YAML file that says which column contains what:

  key: api_key
  date: day              # of a time such as 2025-01-31T16:05:09Z, the date in it
  request_count: requests
  last_request_at: seen_at
  meter: kind            # if it is empty or left out: requests, or --meter`,
		Example: `  ration usage import counts.csv --dry-run
  ration usage import app.db --table daily_usage --mapping usage.yaml
  ration usage import env:DATABASE_URL --table public.daily_usage --meter tokens`,
		Args: oneArgument("the file with the counts"),
		RunE: func(cmd *cobra.Command, args []string) error {
			source.file = args[0]
			return a.importUsage(cmd.Context(), source, meter)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&source.table, "table", "", "the file is a SQLite database, or env:VARIABLE names a postgres://… URL, and this table or view contains the counts")
	flags.StringVar(&source.mapping, "mapping", "", "YAML file that says which column contains what")
	flags.StringVar(&meter, "meter", meter, "meter of the rows without one")
	flags.BoolVar(&source.dryRun, "dry-run", false, "say what would be imported")
	return cmd
}

func (a *app) importUsage(ctx context.Context, source *keySource, meter string) error {
	if err := ration.ValidateMeter(meter); err != nil {
		return usagef("--meter: %v", err)
	}
	plan, err := a.planUsageImport(ctx, source, meter)
	if err != nil {
		return err
	}
	a.sayWarnings(plan.Findings)
	if err := plan.Err(); err != nil {
		return nothingImported(err)
	}
	var imported admin.UsageImported
	err = a.with(ctx, mustExist, func(ops admin.Operations) error {
		days, err := importedDays(ctx, ops, plan.Records)
		if err != nil {
			return err
		}
		usage := admin.UsageImport{Days: days, DryRun: source.dryRun}
		imported, err = admin.ImportAllUsage(ctx, ops, actor(), usage, a.progress(len(days), "importing"))
		return err
	})
	if err != nil {
		return err
	}
	if source.dryRun {
		a.say("Nothing was imported: this was a dry run.")
	}
	return a.showUsageImported(wire.UsageImported(imported, source.dryRun))
}

func nothingImported(err error) error {
	return fmt.Errorf("nothing was imported, because of the following:\n%w", err)
}

// importedDays finds the keys that rows name by a secret, each once: whoever has the
// database open knows the pepper.
func importedDays(ctx context.Context, ops admin.Operations, records []keyimport.UsageRecord) ([]admin.ImportedDay, error) {
	var secrets []ration.Secret
	number := make(map[ration.Digest]int)
	for _, record := range records {
		digest := record.Secret.Digest(nil)
		if _, known := number[digest]; !known && !record.Secret.IsZero() {
			number[digest] = len(secrets)
			secrets = append(secrets, record.Secret)
		}
	}
	ids, err := admin.FindAllKeys(ctx, ops, secrets)
	if err != nil {
		return nil, err
	}
	days, problems := make([]admin.ImportedDay, len(records)), []error(nil)
	for i, record := range records {
		days[i] = record.Day
		if record.Secret.IsZero() {
			continue
		}
		days[i].KeyID = ids[number[record.Secret.Digest(nil)]]
		if days[i].KeyID.IsZero() {
			problems = append(problems, record.Problem("key", "it is neither a key's id nor a secret of a key that is here"))
		}
	}
	if len(problems) > 0 {
		return nil, nothingImported(errors.Join(problems...))
	}
	return days, nil
}

// planUsageImport reads the source and its mapping.
func (a *app) planUsageImport(ctx context.Context, source *keySource, meter string) (plan keyimport.UsagePlan, err error) {
	table, err := a.readKeys(ctx, source)
	if err != nil {
		return plan, err
	}
	var mapping keyimport.UsageMapping
	if source.mapping == "" {
		mapping, err = keyimport.DefaultUsageMapping(table)
	} else if mapping, err = readMapping(source.mapping, keyimport.ReadUsageMapping); err != nil {
		return plan, err
	}
	if err == nil {
		plan, err = keyimport.NewUsagePlan(table, mapping, meter)
	}
	if err == nil {
		a.sayColumns(mapping.Uses())
	}
	if err != nil {
		return plan, &config.Error{Where: cmp.Or(source.mapping, "the columns"), Reason: err.Error()}
	}
	return plan, nil
}

func (a *app) showUsageImported(imported api.UsageImported) error {
	return a.show(listing{
		value: imported, columns: []column{{name: "rows"}, {name: "days_raised"}, {name: "units_added"}},
		rows: [][]string{{number(int64(imported.Rows)), number(int64(imported.DaysRaised)), string(imported.UnitsAdded)}},
	})
}
