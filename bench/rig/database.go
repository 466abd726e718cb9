package rig

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/bench/count"
	"github.com/ration-dev/ration/bench/instance"
)

// Database is one of Ration's, with keys on a plan with a limit a day and one a month.
type Database struct {
	URL     string   // as RATION_DB has it
	Secrets []string // by key
	Token   string   // for the verify API
}

func newSecret() string { return ration.NewSecret(ration.DefaultSecretPrefix).Reveal() }

// Database returns a database that a binary has made on a store, with so many keys: the
// same one for the same arguments, since to import keys takes time. What runs at the same
// time has different purposes: one process at a time may have a SQLite file.
func (r *Rig) Database(ctx context.Context, binary, purpose string, store Store, keys int) (*Database, error) {
	name := fmt.Sprintf("%s, %s, %s, %d", binary, purpose, store, keys)
	if made := r.databases[name]; made != nil {
		return made, nil
	}
	dir, err := r.Directory()
	if err != nil {
		return nil, err
	}
	d := &Database{Secrets: r.Secrets(keys)}
	if store == PostgreSQL {
		d.URL, err = r.PostgreSQL(ctx)
	} else {
		d.URL = "sqlite:" + filepath.Join(dir, "ration.db")
	}
	if err != nil {
		return nil, err
	}
	if err := d.fill(ctx, binary, dir); err != nil {
		return nil, fmt.Errorf("importing %d keys on %s: %w", keys, store, err)
	}
	r.databases[name] = d
	return d, nil
}

func (d *Database) fill(ctx context.Context, binary, dir string) (err error) {
	var rows strings.Builder
	rows.WriteString("secret,name\n")
	for key, secret := range d.Secrets {
		fmt.Fprintf(&rows, "%s,%d\n", secret, key)
	}
	file := filepath.Join(dir, "keys.csv")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		return err
	}
	day, month := strconv.Itoa(count.Limit)+"/day", strconv.Itoa(9*count.Limit)+"/month"
	for _, command := range [][]string{
		{"plans", "create", "bench", "--limit", day, "--limit", month},
		{"keys", "import", file, "--plan", "bench"},
	} {
		if _, err := instance.Command(ctx, binary, d.URL, command...); err != nil {
			return err
		}
	}
	d.Token, err = instance.Command(ctx, binary, d.URL, "tokens", "create", "bench", "--scope", "verify", "--quiet")
	return err
}
