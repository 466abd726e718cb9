package pghosts_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pghosts"
)

// Ration's own database is its primary, whatever standby the URL would rather have.
// Another one, that is only read, is what the URL says.
func TestTargetSessionAttrs(t *testing.T) {
	const first, second = "10.0.0.1:5432", "10.0.0.2:5432"
	for _, test := range []struct {
		attrs             string
		servers           [2]behaviour
		own, other        string // "": none
		ownError, foreign error
	}{
		{"", [2]behaviour{standby, primary}, second, first, nil, nil},
		{"any", [2]behaviour{standby, primary}, second, first, nil, nil},
		{"read-write", [2]behaviour{standby, primary}, second, second, nil, nil},
		{"read-write", [2]behaviour{readOnly, primary}, second, second, nil, nil},
		{"primary", [2]behaviour{standby, primary}, second, second, nil, nil},
		{"prefer-standby", [2]behaviour{primary, standby}, first, second, nil, nil},
		{"prefer-standby", [2]behaviour{silent, primary}, second, second, nil, nil},
		{"any", [2]behaviour{silent, standby}, second, second, nil, nil}, // which the caller may refuse
		{"standby", [2]behaviour{primary, silent}, "", "", pgconn.ErrPrimaryConnection, pgconn.ErrPrimaryConnection},
		{"read-only", [2]behaviour{primary, silent}, "", "", pgconn.ErrReadWriteConnection, pgconn.ErrReadWriteConnection},
		{"primary", [2]behaviour{standby, silent}, "", "", pgconn.ErrStandbyConnection, pgconn.ErrStandbyConnection},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := &network{servers: map[string]behaviour{first: test.servers[0], second: test.servers[1]}}
			url := "postgres://u@10.0.0.1,10.0.0.2/d?sslmode=disable"
			if test.attrs != "" {
				url += "&target_session_attrs=" + test.attrs
			}
			for _, own := range []bool{true, false} {
				want, wantErr := test.other, test.foreign
				if own {
					want, wantErr = test.own, test.ownError
				}
				config := n.config(t, url)
				if want != "" {
					if got := choose(t, &pghosts.Hosts{Primary: own}, config); got != want {
						t.Errorf("%q, own %t: chosen is %s, want %s", test.attrs, own, got, want)
					}
				} else if err := (&pghosts.Hosts{Primary: own}).Choose(t.Context(), config); !errors.Is(err, wantErr) {
					t.Errorf("%q, own %t: Choose = %v, want %v", test.attrs, own, err, wantErr)
				}
			}
		})
	}
}

// watch refuses primaries on a lower timeline than the highest that was told, and
// what is told is asked when the connection is made.
func watch(config *pgconn.Config) {
	highest := ""
	config.ValidateConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		result, err := conn.Exec(ctx, "timeline").ReadAll()
		if err != nil {
			return err
		}
		timeline := string(result[0].Rows[0][0])
		if timeline < highest {
			return errors.New("left by a promotion")
		}
		highest = timeline
		return nil
	}
}

// An old primary that was not fenced answers as well as the promoted one. Who has
// seen neither before asks both.
func TestOldPrimaryIsRefusedForWhatAnotherServerTells(t *testing.T) {
	for name, servers := range map[string]map[string]behaviour{
		"first":            {"10.0.0.1:5432": onTimeline("1"), "10.0.0.2:5432": onTimeline("2")},
		"after the silent": {"10.0.0.1:5432": onTimeline("1"), "10.0.0.3:5432": silent, "10.0.0.2:5432": late(500*time.Millisecond, onTimeline("2"))},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{servers: servers}
				config := n.config(t, url3)
				watch(config)
				if got := choose(t, &pghosts.Hosts{Primary: true}, config); got != "10.0.0.2:5432" {
					t.Errorf("chosen is %s", got)
				}
			})
		})
	}
}

// Among servers that will all do, the order of the URL decides, though a later one
// answers sooner: which database it is must not be a matter of chance.
func TestOrderOfTheURLDecidesAmongEquals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": late(200*time.Millisecond, primary), "10.0.0.2:5432": primary, "10.0.0.3:5432": primary}}
		for range 20 {
			if got := choose(t, &pghosts.Hosts{Primary: true}, n.config(t, url3)); got != "10.0.0.1:5432" {
				t.Errorf("chosen is %s", got)
			}
		}
	})
}
