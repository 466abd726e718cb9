package torture

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// diskSettings let PostgreSQL keep little of its log, so that its data fits on a small disk.
var diskSettings = map[string]string{"min_wal_size": "32MB", "max_wal_size": "48MB"}

// fillDisk fills the disk of the database. PostgreSQL has room in what it has already, so
// its log is filled, too, until it gives up.
func fillDisk(r *rig, _ *rand.Rand) (func() int, error) {
	filler, before := filepath.Join(r.options.Disk, "filler"), r.refused.Load()
	err := fill(filler)
	if err == nil && r.cluster != nil {
		err = r.fillLog()
	}
	return func() int {
		if err := os.Remove(filler); err != nil {
			r.Fatal(err)
		}
		r.revive()
		if r.refused.Load() == before {
			return 0 // nobody has noticed
		}
		return 1
	}, err
}

// fill writes a file until nothing more fits.
func fill(path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for size := 1 << 20; size > 0 && err == nil; {
		if _, err = file.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
			size, err = size/2, nil // what fits is less than that
		}
	}
	return errors.Join(err, file.Close())
}

// fillLog writes to PostgreSQL's log until that ends the connection.
func (r *rig) fillLog() error {
	full := errors.New("the log has no end")
	err := r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error {
		for range 1000 { // 1 GB
			if _, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(false, 'test', repeat('x', 1 << 20))`); err != nil {
				return nil //nolint:nilerr // it is full
			}
		}
		return full
	})
	if errors.Is(err, full) {
		return err
	}
	return nil
}

// revive waits until PostgreSQL accepts connections, and starts it if it has given up, as
// whatever supervises it would.
func (r *rig) revive() {
	r.Helper()
	if r.cluster == nil {
		return
	}
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !r.cluster.Running() {
			_ = r.cluster.Start() // or it goes on by itself
		}
		if err = r.asSuperuser(func(ctx context.Context, conn *pgx.Conn) error { return conn.Ping(ctx) }); err == nil {
			return
		}
	}
	r.Fatal(err)
}
