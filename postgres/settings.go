package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pgcommit"
)

// ErrUnsafeDurability says that the server may lose commits that it has acknowledged:
// fsync or full_page_writes is off, it takes damaged pages for sound ones, its
// warnings don't arrive, it doesn't show its settings, or it is a standby. Such a
// server is refused, unless [Config.AcceptUnsafeDurability] is set.
var ErrUnsafeDurability = errors.New("the database server is not durable")

// minServerVersion is PostgreSQL 15.
const minServerVersion = 150000

// durabilityColumns tell what the operator may have switched off since the last
// transaction, or for this role, and whether a pooler leads to another server now.
const durabilityColumns = `concat_ws(', ',
           CASE WHEN current_setting('fsync') <> 'on' THEN 'fsync is off' END,
           CASE WHEN current_setting('full_page_writes') <> 'on' THEN 'full_page_writes is off' END,
           CASE WHEN current_setting('data_sync_retry', true) = 'on' THEN 'data_sync_retry is on' END,
           CASE WHEN current_setting('zero_damaged_pages', true) = 'on' THEN 'zero_damaged_pages is on' END,
           CASE WHEN current_setting('ignore_checksum_failure', true) = 'on' THEN 'ignore_checksum_failure is on' END,
           CASE WHEN pg_is_in_recovery() THEN '` + standbyReason + `' END)`

// placeColumns make names mean the schema that the store found when it was
// opened, and its own role. pg_temp would come first if it were not named last.
const placeColumns = `set_config('role', NULL, true), set_config('search_path', $1, true)`

// settingsSQL sets what a transaction relies on, for this transaction alone: a
// pooler may hand it a session that somebody else has left with other settings.
// Joins other than nested loops and scans of whole tables are off because a plan
// made while a table was empty is kept.
const settingsSQL = `
SELECT ` + durabilityColumns + `, ` + lineageColumn + settingColumns

const settingColumns = `, current_setting('session_replication_role'),
       ` + placeColumns + `,
       ` + pgcommit.Settings + `,
       set_config('lock_timeout', $2, true),
       set_config('statement_timeout', $3, true),
       set_config('idle_in_transaction_session_timeout', $4, true),
       set_config('enable_seqscan', 'off', true),
       set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('enable_indexscan', 'on', true),
       set_config('enable_nestloop', 'on', true),
       set_config('jit', 'off', true),
       set_config('plan_cache_mode', 'force_generic_plan', true)`

// readSettingsSQL is settingsSQL for reports, whose plans are PostgreSQL's own affair, but
// for parallel ones, which would take the processors that decisions need, and for compiled
// ones: where the way that was switched off is all there is, its cost asks for that.
const readSettingsSQL = `
SELECT ` + durabilityColumns + `, ` + lineageColumn + `, ` + placeColumns + `,
       ` + pgcommit.Settings + `,
       set_config('statement_timeout', '10s', true),
       set_config('max_parallel_workers_per_gather', '0', true),
       set_config('jit', 'off', true)`

// serverSQL tells what a new connection leads to.
const serverSQL = `
SELECT ` + durabilityColumns + `, current_setting('server_version_num')::int, pg_backend_pid()`

// durability reads durabilityColumns. Its error is ErrUnsafeDurability.
func (r *row) durability() error {
	switch reasons := r.take(-1); string(reasons) {
	case "":
		return nil
	case standbyReason:
		return fmt.Errorf("%w: %w", ErrUnsafeDurability, errStandby)
	default:
		return fmt.Errorf("%w: %s", ErrUnsafeDurability, reasons)
	}
}

// checkWarnings refuses a way to the server on which its warnings get lost.
func checkWarnings(ctx context.Context, conn *pgconn.PgConn) error {
	err := pgcommit.Heard(ctx, conn)
	if errors.Is(err, pgcommit.ErrUnheard) {
		return fmt.Errorf("%w: %w", ErrUnsafeDurability, err)
	}
	return err
}

// VersionError says that the server's version of PostgreSQL is too old.
type VersionError struct {
	Have, Want int // major versions
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the database server is PostgreSQL %d; Ration needs %d or later", e.Have, e.Want)
}

func checkVersion(version int) error {
	if version < minServerVersion {
		return &VersionError{Have: version / 10000, Want: minServerVersion / 10000}
	}
	return nil
}
