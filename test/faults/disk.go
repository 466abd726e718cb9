package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// DiskFull fills the disk that the cluster's directory is on, which must be a
// small one of its own. With wal it also uses up the write-ahead log that the
// server has at hand, so that the server panics, and stays down if it can't
// recover; without it, only tables can't grow.
func DiskFull(disk string, wal bool) Fault {
	filler := filepath.Join(disk, "filler")
	f := Fault{
		Name: "disk full", Effect: Trouble, Hold: time.Second,
		Break: func(*Rig) error { return fill(filler) },
		Heal: func(r *Rig) error {
			return errors.Join(os.Remove(filler), r.revive())
		},
	}
	if wal {
		f.Name = "disk full for the log"
		f.Break = func(r *Rig) error { return r.fillWithLog(filler) }
	}
	return f
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

// fillWithLog fills the disk and writes to the log until the server panics.
func (r *Rig) fillWithLog(filler string) error {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	conn, err := r.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := fill(filler); err != nil {
		return err
	}
	for range 1000 { // 1 GB, more than the disk
		if _, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(false, 'test', repeat('x', 1 << 20))`); conn.IsClosed() {
			return ctx.Err()
		} else if err != nil {
			return fmt.Errorf("writing to the log of a full disk: %w", err)
		}
	}
	return errors.New("the disk was not full")
}

// revive waits until the server accepts connections, and starts it if it has
// given up, as whatever supervises it would.
func (r *Rig) revive() error {
	var err error
	within(giveUp, func() bool {
		if !r.Cluster.Running() {
			err = r.Cluster.Start()
			return err == nil
		}
		_, err = r.countConnections()
		return err == nil
	})
	return err
}
