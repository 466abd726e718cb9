package postgres_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/postgres"
)

func TestWhichErrorsSpeakOfAServerThatMayCome(t *testing.T) {
	t.Parallel()
	state := func(code string) error { return &pgconn.PgError{Severity: "FATAL", Code: code} }
	dial := func(err error) error { return &net.OpError{Op: "dial", Err: err} }
	for name, row := range map[string]struct {
		err  error
		away bool
	}{
		"connection refused":                           {dial(os.NewSyscallError("connect", errors.New("connection refused"))), true},
		"no answer in time":                            {dial(os.ErrDeadlineExceeded), true},
		"a name not known yet":                         {dial(&net.DNSError{IsNotFound: true}), true},
		"closed without an answer":                     {io.ErrUnexpectedEOF, true},
		"starting up":                                  {state("57P03"), true},
		"shutting down":                                {state("57P01"), true},
		"too many clients":                             {state("53300"), true},
		"a pooler without server":                      {state("08P01"), true},
		"cut off in a migration":                       {&postgres.MigrationError{Err: state("57P01")}, true},
		"a standby, and the primary is asked for":      {pgconn.ErrStandbyConnection, true},
		"read-only, and writes are asked for":          {pgconn.ErrReadOnlyConnection, true},
		"a primary, and a standby is asked for":        {pgconn.ErrPrimaryConnection, false},
		"a socket of others":                           {dial(os.NewSyscallError("connect", fs.ErrPermission)), false},
		"wrong password":                               {state("28P01"), false},
		"no entry in pg_hba.conf":                      {state("28000"), false},
		"no such database":                             {state("3D000"), false},
		"no rights":                                    {state("42501"), false},
		"one host away, at the other a wrong password": {errors.Join(dial(os.ErrDeadlineExceeded), state("28P01")), false},
		"unsafe settings":                              {fmt.Errorf("%w: fsync is off", postgres.ErrUnsafeDurability), false},
		"a schema too new":                             {&postgres.SchemaError{Have: 9, Want: 4}, false},
		"a migration that fails":                       {&postgres.MigrationError{Err: state("22012")}, false},
		"another one migrates":                         {&postgres.MigrationError{Err: state("55P03")}, false},
		"a bad certificate":                            {errors.New("tls: failed to verify certificate"), false},
		"nothing":                                      {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := postgres.IsAway(row.err); got != row.away {
				t.Errorf("IsAway(%v) = %t", row.err, got)
			}
			if row.err != nil && postgres.IsAway(fmt.Errorf("opening: %w: %w", ration.ErrStoreUnavailable, row.err)) != row.away {
				t.Error("it differs where it is wrapped")
			}
		})
	}
}
