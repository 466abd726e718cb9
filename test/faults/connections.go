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

// displace takes all connections there are. The instances' database accepts none
// meanwhile: an instance that connects again at once would win back its place for
// as long as it likes.
func (r *Rig) displace() ([]*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	first, err := pgx.Connect(ctx, r.Cluster.DSN())
	if err != nil {
		return nil, err
	}
	crowd := []*pgx.Conn{first}
	database := pgx.Identifier{r.database()}.Sanitize()
	var room int
	err = first.QueryRow(ctx, "SELECT current_setting('max_connections')::int").Scan(&room)
	if err == nil {
		_, err = first.Exec(ctx, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS false")
	}
	for err == nil && len(crowd) < room {
		if _, err = first.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ration'"); err == nil {
			var more []*pgx.Conn
			more, err = r.crowd()
			crowd = append(crowd, more...)
		}
		err = errors.Join(err, ctx.Err())
	}
	if err == nil {
		_, err = first.Exec(ctx, "ALTER DATABASE "+database+" ALLOW_CONNECTIONS true")
	}
	return crowd, err
}

// crowd takes connections, to a database of nobody's, until there are no more.
func (r *Rig) crowd() ([]*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	var crowd []*pgx.Conn
	for {
		conn, err := pgx.Connect(ctx, r.Cluster.DSN())
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
