package cli

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	_ "modernc.org/sqlite" // the driver "sqlite" of files that keys come from

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/inputfile"
	"github.com/ration-dev/ration/internal/keyimport"
	"github.com/ration-dev/ration/internal/pghosts"
	"github.com/ration-dev/ration/internal/redact"
	"github.com/ration-dev/ration/internal/wire"
)

// maxImportSize bounds the files that are read: about a million keys.
const maxImportSize = 256 << 20

// keySource is where keys to be imported are, and how they are read.
type keySource struct {
	file, variable, table, mapping, plan string
	planColumn, nameColumn               string // empty: as the mapping says
	dryRun, unlimited                    bool
	planOfRows                           bool // a column has plans
}

func (a *app) keysImportCommand() *cobra.Command {
	source := new(keySource)
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import keys with their secrets, which keep working",
		Long: `Reads keys from a CSV file ("-": standard input), from a JSON object in an
environment file (--variable), or from a table (--table) of a SQLite file or of a
PostgreSQL database. Put the database's URL into the environment, so that no list of
processes shows its password. The keys are created with the secrets that they have.
Ration stores only digests of the secrets.

Everything is checked before anything is written. You can repeat an import: keys
whose secret is known already don't change. --dry-run lists what would happen, and
what looks wrong: duplicate names and owners, and secrets that can be guessed. No
secret is ever shown.

Without --mapping, the columns are secret, name, owner and created_at, or what is
usual for them, such as "API Key", label and email; the command says which it took. The
file may have commas, semicolons or tabs, and be UTF-8 or UTF-16. A mapping is a YAML
file that says which column contains what:

  secret: key            # "$key": the names of the JSON object's entries
  secret_form: plain     # or sha256, for digests in hexadecimal
  name: name
  owner: email
  plan: tier             # an empty cell: --plan
  created_at: created_at # without an offset it is UTC
  scopes: {can_change_model: change-model}
  status:
    columns: [approved, is_active]
    rules:
      - {values: [1, 1], status: active}
      - {values: [1, 0], status: disabled}`,
		Example: `  ration keys import keys.csv --plan free --dry-run
  ration keys import users.csv --name-column email --plan-column tier --plan free
  ration keys import .env --variable API_KEYS --plan free
  ration keys import app.db --table api_keys --mapping import.yaml --plan free
  ration keys import env:DATABASE_URL --table public.api_keys --mapping import.yaml`,
		Args: oneArgument("the file with the keys"),
		RunE: func(cmd *cobra.Command, args []string) error {
			source.file = args[0]
			return a.importKeys(cmd.Context(), source)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&source.variable, "variable", "", "the file is an environment file, and this variable in it contains a JSON object of keys")
	flags.StringVar(&source.table, "table", "", "the file is a SQLite database, or env:VARIABLE names a postgres://… URL, and this table or view contains the keys")
	flags.StringVar(&source.mapping, "mapping", "", "YAML file that says which column contains what")
	flags.StringVar(&source.plan, "plan", "", "plan of the imported keys; with --plan-column, of those whose cell is empty")
	flags.StringVar(&source.planColumn, "plan-column", "", "column with the name of each key's plan")
	flags.StringVar(&source.nameColumn, "name-column", "", "column with each key's name, such as that of its owner's e-mail address")
	flags.BoolVar(&source.unlimited, "unlimited", false, "mark that the imported keys are meant to have no limit; without the mark, the command reports it")
	flags.BoolVar(&source.dryRun, "dry-run", false, "list what would be imported, and what looks wrong")
	return cmd
}

func (a *app) importKeys(ctx context.Context, source *keySource) error {
	settings, err := a.settings()
	if err != nil {
		return err
	}
	plan, err := a.planImport(ctx, source, settings.SecretPrefix)
	if err != nil {
		return err
	}
	a.sayWarnings(plan.Findings)
	if err := plan.Err(); err != nil {
		return nothingImported(err)
	}
	keys := admin.KeysImport{DryRun: source.dryRun}
	for _, record := range plan.Records {
		keys.Keys = append(keys.Keys, importedKey(record, source))
	}
	var imported admin.KeysImported
	err = a.with(ctx, creation(!source.dryRun), func(ops admin.Operations) error {
		if source.planOfRows {
			if err := checkPlansOf(ctx, ops, keys.Keys); err != nil {
				return err
			}
		}
		imported, err = admin.ImportAllKeys(ctx, ops, actor(), keys, a.progress(len(keys.Keys), "importing"))
		return err
	})
	if err != nil {
		return err
	}
	a.say("Keys read: %s.", statusCounts(plan.Records))
	if source.dryRun {
		a.sayKeys(keys.Keys)
		a.say("Nothing was imported: this was a dry run.")
	}
	return a.showKeysImported(wire.KeysImported(imported, source.dryRun))
}

// sayWarnings says what looks wrong and stands in nobody's way.
func (a *app) sayWarnings(findings []keyimport.Finding) {
	for _, finding := range findings {
		if finding.Severity == keyimport.Warning {
			a.say("%s: %s", finding.Severity, visible(finding.Error()))
		}
	}
}

// importedKey leaves the digest of a plain secret to whoever knows the pepper.
func importedKey(record keyimport.Record, source *keySource) admin.ImportedKey {
	key := admin.ImportedKey{
		Name: record.Name, Owner: record.Owner, Plan: cmp.Or(record.Plan, source.plan), Status: record.Status, Scopes: record.Scopes,
		CreatedAt: record.CreatedAt, Secret: record.Secret, Unlimited: source.unlimited,
	}
	if record.Secret.IsZero() {
		key.Digest = record.Digest
	}
	return key
}

func statusCounts(records []keyimport.Record) string {
	counts := make(map[string]int)
	for _, record := range records {
		counts[string(record.Status)]++
	}
	texts := sortedNames(counts)
	for i, status := range texts {
		texts[i] = fmt.Sprintf("%d %s", counts[status], status)
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}

func (a *app) showKeysImported(imported api.KeysImported) error {
	a.sayKeysWithoutLimit(imported.NoLimit)
	return a.show(listing{
		value: imported, columns: []column{{name: "created"}, {name: "present"}},
		rows: [][]string{{number(int64(imported.Created)), number(int64(imported.Present))}},
	})
}

// planImport reads the source and its mapping.
func (a *app) planImport(ctx context.Context, source *keySource, prefix string) (keyimport.Plan, error) {
	table, err := a.readKeys(ctx, source)
	if err != nil {
		return keyimport.Plan{}, err
	}
	mapping := keyimport.DefaultMapping(table)
	if source.mapping != "" {
		if mapping, err = readMapping(source.mapping, keyimport.ReadMapping); err != nil {
			return keyimport.Plan{}, err
		}
	}
	mapping.Plan, mapping.Name = cmp.Or(source.planColumn, mapping.Plan), cmp.Or(source.nameColumn, mapping.Name)
	source.planOfRows = mapping.Plan != ""
	plan, err := keyimport.NewPlan(table, mapping, prefix)
	if err == nil {
		a.sayColumns(mapping.Uses())
	}
	if err != nil {
		return plan, &config.Error{Where: cmp.Or(source.mapping, "the columns"), Reason: err.Error()}
	}
	return plan, nil
}

func (a *app) readKeys(ctx context.Context, source *keySource) (*keyimport.Table, error) {
	switch {
	case source.variable != "" && source.table != "":
		return nil, usagef("give --variable for an environment file or --table for a database, not both")
	case source.table != "":
		return a.readKeyTable(ctx, source.file, source.table)
	}
	reader := a.stdin
	if source.file != "-" {
		file, err := inputfile.Open(source.file)
		if err != nil {
			return nil, unreadable(source.file, err)
		}
		defer func() { _ = file.Close() }()
		reader = file
	}
	if database, all := isSQLite(reader); database && source.file != "-" {
		return nil, a.tableNeeded(ctx, source.file)
	} else {
		reader = all
	}
	limited := &io.LimitedReader{R: reader, N: maxImportSize + 1}
	table, err := readKeyFile(limited, source.variable)
	if limited.N <= 0 {
		return nil, fmt.Errorf("%s is larger than %d MiB: import it in parts", visible(source.file), maxImportSize>>20)
	}
	return table, err
}

// unreadable names the file, unless the error does.
func unreadable(path string, err error) error {
	if is[*fs.PathError](err) {
		return err
	}
	return fmt.Errorf("%s %w", visible(path), err)
}

func readKeyFile(file io.Reader, variable string) (*keyimport.Table, error) {
	if variable != "" {
		return keyimport.ReadEnvironment(file, variable)
	}
	return keyimport.ReadCSV(file)
}

// readKeyTable reads a table without changing its database: a SQLite file is
// opened for reading alone.
func (a *app) readKeyTable(ctx context.Context, database, table string) (*keyimport.Table, error) {
	db, dsn, err := a.openKeyDatabase(database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	rows, err := keyimport.ReadDatabase(ctx, db, table)
	return rows, redact.Error(err, dsn)
}

// openKeyDatabase opens a database that is not Ration's, which may be a standby.
func (a *app) openKeyDatabase(database string) (db *sql.DB, dsn string, err error) {
	variable, ok := strings.CutPrefix(database, "env:")
	if !ok {
		if dsn, err = readOnlyFile(strings.TrimPrefix(database, "sqlite:")); err == nil {
			db, err = sql.Open("sqlite", dsn)
		}
		return db, dsn, err
	}
	if dsn, err = a.databaseURL(variable); err != nil {
		return nil, "", err
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, "", errors.New("opening the database that the rows come from: its URL can't be read") // which may hold a password
	}
	choose := func(ctx context.Context, config *pgx.ConnConfig) error {
		return new(pghosts.Hosts).Choose(ctx, &config.Config)
	}
	return stdlib.OpenDB(*config, stdlib.OptionBeforeConnect(choose)), dsn, nil
}

func (a *app) databaseURL(variable string) (string, error) {
	for _, entry := range a.environment {
		if value, ok := strings.CutPrefix(entry, variable+"="); ok && strings.HasPrefix(value, "postgres") {
			database, err := config.ParseDatabase(value)
			if err != nil {
				return "", &config.Error{Where: variable, Reason: err.Error()}
			}
			return database.URL, nil
		}
	}
	return "", usagef("the environment has no %q with a postgres://… URL", visible(variable))
}

func readOnlyFile(path string) (string, error) {
	if strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://") {
		return "", usagef("put the URL into an environment variable, where no list of processes shows its password, and give env: and its name")
	}
	if err := checkFile("the database that has the table", path); err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err == nil && isMissing(absolute) {
		err = fmt.Errorf("there is no database %q", absolute)
	}
	return (&url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=ro"}).String(), err
}

// maxMapping bounds what is read of a mapping, in bytes.
const maxMapping = 1 << 20

func readMapping[T any](path string, read func(io.Reader) (T, error)) (mapping T, err error) {
	text, err := inputfile.Read(path, maxMapping)
	if err != nil {
		return mapping, &config.Error{Where: "--mapping", Reason: unreadable(path, err).Error()}
	}
	if mapping, err = read(bytes.NewReader(text)); err != nil {
		return mapping, &config.Error{Where: path, Reason: err.Error()}
	}
	return mapping, nil
}

// progress shows how much of something long is done, if there is a person to see it.
func (a *app) progress(total int, doing string) func(done int) {
	const long = 2 * admin.MaxKeysAtOnce
	if total < long || a.quiet || !isTerminal(a.stderr) {
		return func(int) {}
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetDescription(doing),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	return func(done int) { _ = bar.Set(done) } // a bar that can't be drawn stops nothing
}
