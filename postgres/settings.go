package postgres

import (
	"errors"
	"fmt"
	"strings"
)

// ErrUnsafeDurability says that the server may lose what it has acknowledged,
// or is not the one that keeps it: fsync or full_page_writes is off, or it is a
// standby. Such a server is refused unless Config.AcceptUnsafeDurability is set.
var ErrUnsafeDurability = errors.New("the database server is not durable")

// minServerVersion is PostgreSQL 15.
const minServerVersion = 150000

// durabilityColumns tell what the operator may have switched off since the last
// transaction, and whether a pooler leads to another server now.
const durabilityColumns = `current_setting('fsync'), current_setting('full_page_writes'), pg_is_in_recovery()`

// placeColumns make names mean the schema that the store found when it was
// opened, and its own role. pg_temp would come first if it were not named last.
const placeColumns = `set_config('role', NULL, true), set_config('search_path', $1, true)`

// settingsSQL sets what a transaction relies on, for this transaction alone: a
// pooler may hand it a session that somebody else has left with other settings.
// Joins other than nested loops and scans of whole tables are off because a plan
// made while a table was empty is kept. A greater synchronous_commit than on stays.
const settingsSQL = `
SELECT ` + durabilityColumns + `, current_setting('session_replication_role'),
       ` + placeColumns + `,
       set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
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

// readSettingsSQL is settingsSQL for reports, whose plans are PostgreSQL's own affair.
const readSettingsSQL = `
SELECT ` + durabilityColumns + `, ` + placeColumns + `,
       set_config('statement_timeout', '10s', true)`

// serverSQL tells what a new connection leads to.
const serverSQL = `
SELECT ` + durabilityColumns + `, current_setting('server_version_num')::int, pg_backend_pid()`

// durability reads durabilityColumns. Its error is ErrUnsafeDurability.
func (r *row) durability() error {
	fsync, fullPageWrites, standby := r.take(-1), r.take(-1), r.bool()
	if string(fsync) == "on" && string(fullPageWrites) == "on" && !standby {
		return nil
	}
	return checkDurability(string(fsync), string(fullPageWrites), standby)
}

// checkDurability returns ErrUnsafeDurability with the settings that are off.
func checkDurability(fsync, fullPageWrites string, standby bool) error {
	var reasons []string
	if fsync != "on" {
		reasons = append(reasons, "fsync is "+fsync)
	}
	if fullPageWrites != "on" {
		reasons = append(reasons, "full_page_writes is "+fullPageWrites)
	}
	if standby {
		reasons = append(reasons, "it is a standby, not primary")
	}
	if len(reasons) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnsafeDurability, strings.Join(reasons, ", "))
}

// VersionError says that the server is too old.
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
