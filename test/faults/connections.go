package faults

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/testdb"
)

const stateTooManyConnections = "53300"

// FewConnections is a server that comes back with room for so many connections,
// fewer than the instances want.
func FewConnections(room int) Fault {
	return Fault{
		Name: "few connections", Effect: Trouble, Hold: 2 * time.Second,
		Break: func(r *Rig) error { return r.restartWith("max_connections", fmt.Sprint(room)) },
		Heal:  func(r *Rig) error { return r.restartWith("max_connections", "100") },
	}
}

// Crowd is others who take all connections that the server has left.
func Crowd() Fault {
	var crowd []*pgx.Conn
	return Fault{
		Name: "crowd", Effect: Unnoticed, Hold: time.Second,
		Break: func(r *Rig) (err error) {
			crowd, err = r.crowd()
			return err
		},
		Heal: func(*Rig) error { return leave(crowd) },
	}
}

// Displaced is a crowd that takes all connections there are, the instances' too.
func Displaced() Fault {
	var crowd []*pgx.Conn
	return Fault{
		Name: "displaced", Effect: Outage,
		Break: func(r *Rig) (err error) {
			crowd, err = r.displace()
			return err
		},
		Heal: func(*Rig) error { return leave(crowd) },
	}
}

// displace takes connections, and ends those of others, until it has all.
func (r *Rig) displace() (crowd []*pgx.Conn, err error) {
	for room := 1; len(crowd) < room; {
		more, err := r.crowd()
		crowd = append(crowd, more...)
		if err != nil {
			return crowd, err
		}
		err = crowd[0].QueryRow(context.Background(), `
			SELECT current_setting('max_connections')::int FROM (
				SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'ration') ended`).Scan(&room)
		if err != nil {
			return crowd, err
		}
	}
	return crowd, nil
}

// crowd takes connections until there are no more.
func (r *Rig) crowd() ([]*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	var crowd []*pgx.Conn
	for {
		conn, err := r.connect(ctx)
		if full := (*pgconn.PgError)(nil); errors.As(err, &full) && full.Code == stateTooManyConnections {
			return crowd, nil
		}
		if err != nil {
			return crowd, err
		}
		crowd = append(crowd, conn)
	}
}

func leave(crowd []*pgx.Conn) (err error) {
	for _, conn := range crowd {
		err = errors.Join(err, conn.Close(context.Background()))
	}
	return err
}

// restartWith restarts the server with another setting. It writes the setting
// itself: to ask the server, one would need a connection.
func (r *Rig) restartWith(setting, value string) error {
	if err := r.Cluster.Stop(testdb.StopFast); err != nil {
		return err
	}
	file := filepath.Join(r.Cluster.DataDir(), "postgresql.auto.conf")
	if err := os.WriteFile(file, []byte(setting+" = "+value+"\n"), 0o600); err != nil {
		return err
	}
	return r.Cluster.Start()
}
