package rig

import (
	"context"
	"os/exec"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Settings returns, by program, the settings that figures depend on: those of PostgreSQL
// that are not its defaults or say what is durable, as the running server tells them.
func (r *Rig) Settings(ctx context.Context) (map[string]map[string]string, error) {
	all := map[string]map[string]string{
		"SQLite": {"journal_mode": "wal", "synchronous": "full"},
		"Redis":  {},
	}
	for _, setting := range RedisSettings {
		all["Redis"][setting[0]] = setting[1]
	}
	if output, err := exec.CommandContext(ctx, "redis-server", "--version").Output(); err == nil {
		_, version, _ := strings.Cut(string(output), "v=")
		all["Redis"]["version"], _, _ = strings.Cut(version, " ")
	}
	if r.cluster == nil {
		return all, nil
	}
	postgres := make(map[string]string)
	err := r.ask(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT name, current_setting(name) FROM pg_settings
			WHERE source = 'configuration file' AND name IN ('shared_buffers', 'max_wal_size', 'max_connections', 'fsync', 'synchronous_commit', 'full_page_writes')
			OR name IN ('wal_sync_method', 'server_version')`)
		if err != nil {
			return err
		}
		var name, value string
		_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
			postgres[name] = value
			return nil
		})
		return err
	})
	all["PostgreSQL"] = postgres
	return all, err
}
