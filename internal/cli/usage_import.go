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
	"github.com/ration-dev/ration/internal/adminwire"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/keyimport"
)

func (a *app) usageImportCommand() *cobra.Command {
	source, meter := new(keySource), ration.MeterRequests
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import what another system has counted, so that today's remaining is right at once",
		Long: `Reads counts from a CSV file ("-": standard input) or from a table (--table) of a
SQLite file or of a PostgreSQL database, whose URL is in the environment so that its
password is in no list of processes. A row says how many units a key has used on a
date of the key's time zone, and perhaps when last.

Every day is raised to at least what the file has: what is missing is added to the
day, to what was ever used, and to the running day, week and month if the date lies in
them. The running hour stays as it is: a day's count can't be divided among hours. An
import can be repeated, and what was counted here meanwhile is not counted twice.

Everything is checked before anything is written. --dry-run tells what would change.
The columns are key (its id, or a secret that was imported), date, request_count, and
where they are there, last_request_at (without an offset it is UTC) and meter. With
--mapping a YAML file says which columns hold them:

  key: api_key
  date: day              # of a time such as 2025-01-31T16:05:09Z, the date in it
  request_count: requests
  last_request_at: seen_at
  meter: kind            # where it is empty or left out: requests, or --meter`,
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
	flags.StringVar(&source.table, "table", "", "the file is a SQLite database, or env:VARIABLE names a postgres://… URL, and this table or view holds the counts")
	flags.StringVar(&source.mapping, "mapping", "", "YAML file that says which column holds what")
	flags.StringVar(&meter, "meter", meter, "meter of the rows that name none")
	flags.BoolVar(&source.dryRun, "dry-run", false, "tell what would be imported")
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
	for _, finding := range plan.Findings {
		if finding.Severity == keyimport.Warning {
			a.say("%s: %s", finding.Severity, visible(finding.Error()))
		}
	}
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
		a.say("Nothing was imported: this is what would be.")
	}
	return a.showUsageImported(adminwire.UsageImported(imported, source.dryRun))
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
	if err != nil {
		return plan, &config.Error{Where: cmp.Or(source.mapping, "the columns"), Reason: err.Error()}
	}
	return plan, nil
}

func (a *app) showUsageImported(imported api.UsageImported) error {
	return a.show(listing{
		value: imported, columns: []column{{name: "rows"}, {name: "days_raised"}, {name: "units_added"}},
		rows: [][]string{{number(int64(imported.Rows)), number(int64(imported.DaysRaised)), number(imported.UnitsAdded)}},
	})
}
