// Package rig sets up what a run of the benchmark needs: a directory on a disk, a
// PostgreSQL and a Redis of its own, and databases of Ration with keys.
package rig

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ration-dev/ration/bench/machine"
	"github.com/ration-dev/ration/internal/testdb"
)

// Config is what a run measures, and where.
type Config struct {
	Dir      string   // where everything is written; it must be a disk
	Programs          // that are measured
	Baseline Programs // older ones beside them; empty: none
	Stores   []Store
	// EnvoyRateLimit is the binary of the rate limit service that Envoy's project has;
	// empty: it is not measured.
	EnvoyRateLimit string
}

// Programs are binaries of one commit.
type Programs struct {
	Ration    string
	Contender string // of cmd/contender, which has the engine
}

// Store is a database that Ration keeps its counts in.
type Store string

// The stores.
const (
	SQLite     Store = "SQLite"
	PostgreSQL Store = "PostgreSQL"
)

// Rig is what a run needs. Close it.
type Rig struct {
	Config
	cluster   *testdb.Cluster
	redis     *redis
	databases map[string]*Database // those of Ration, by binary, store and number of keys
	secrets   []string
	made      int // directories and databases
}

// New makes a rig.
func New(ctx context.Context, config Config) (r *Rig, err error) {
	if r, err = inDirectory(config); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.Uses(PostgreSQL) {
		if err := os.Setenv(testdb.DirVariable, r.Dir); err != nil {
			return nil, err
		}
		if r.cluster, err = testdb.NewCluster(ctx, settings); err != nil {
			return nil, err
		}
	}
	r.redis, err = startRedis(ctx, r.Dir)
	return r, err
}

// settings are those of a PostgreSQL for a server of this size, as many guides have them;
// what is durable is as PostgreSQL has it by default. internal/testdb writes it out.
var settings = map[string]string{"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "300", "timezone": "UTC"}

func inDirectory(config Config) (*Rig, error) {
	disk, err := machine.FileSystem(config.Dir)
	if err != nil {
		return nil, err
	}
	if disk == "tmpfs" || disk == "ramfs" {
		return nil, fmt.Errorf("%s is in memory (%s), where to flush costs nothing: name a directory on a disk (-dir)", config.Dir, disk)
	}
	if config.Dir, err = os.MkdirTemp(config.Dir, "ration-bench-"); err != nil {
		return nil, err
	}
	// As /tmp: PostgreSQL, which is another user where this one is root, removes its own
	// directory.
	if err := os.Chmod(config.Dir, os.ModeSticky|0o777); err != nil {
		return nil, err
	}
	return &Rig{Config: config, databases: make(map[string]*Database)}, nil
}

// Uses tells whether a store is measured.
func (c *Config) Uses(store Store) bool { return slices.Contains(c.Stores, store) }

// Directory makes a new directory.
func (r *Rig) Directory() (string, error) {
	r.made++
	dir := filepath.Join(r.Dir, fmt.Sprint(r.made))
	return dir, os.Mkdir(dir, 0o700)
}

// PostgreSQL makes a new database and returns its URL.
func (r *Rig) PostgreSQL(ctx context.Context) (string, error) {
	config, err := pgx.ParseConfig(r.cluster.DSN())
	if err != nil {
		return "", errors.New("the cluster's URL is malformed")
	}
	r.made++
	name := fmt.Sprintf("bench_%d", r.made)
	err = r.ask(ctx, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CREATE DATABASE "+name)
		return err
	})
	return fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", config.User, config.Password, config.Host, config.Port, name), err
}

// Redis returns the server's address.
func (r *Rig) Redis() string { return r.redis.address }

// Secrets returns the secrets of so many keys. A number of keys is always the same ones.
func (r *Rig) Secrets(keys int) []string {
	for len(r.secrets) < keys {
		r.secrets = append(r.secrets, newSecret())
	}
	return r.secrets[:keys]
}

// Close ends the servers and removes all that was written.
func (r *Rig) Close() error {
	var errs []error
	if r.redis != nil {
		r.redis.stop()
	}
	if r.cluster != nil {
		errs = append(errs, r.cluster.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(r.Dir))...)
}

// ask asks the cluster something.
func (r *Rig) ask(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, r.cluster.DSN())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return do(conn)
}
