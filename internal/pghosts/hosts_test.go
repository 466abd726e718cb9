package pghosts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/pghosts"
)

const (
	prompt = time.Second // what a silent server or name may cost the others
	url3   = "postgres://u@10.0.0.1,10.0.0.2,10.0.0.3/d?sslmode=disable"
)

// choose returns the address that is left, and connects to it.
func choose(t *testing.T, hosts *pghosts.Hosts, config *pgconn.Config) (address string) {
	t.Helper()
	if err := hosts.Choose(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	ips, err := config.LookupFunc(t.Context(), config.Host)
	if err != nil || len(ips) != 1 {
		t.Fatalf("left are %q, %v", ips, err)
	}
	conn, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	_, address = pgconn.NetworkAddress(ips[0], config.Port)
	return address
}

// A server that accepts connections and says nothing, one that no packet reaches
// and one that refuses hold nobody up, however many they are and wherever they
// stand.
func TestSilentServersHoldUpNobody(t *testing.T) {
	for name, dead := range map[string]func(n *network, address string){
		"silent":     func(n *network, address string) { n.servers[address] = silent },
		"black hole": func(n *network, address string) { n.servers[address] = nil },
		"refusing":   func(*network, string) {},
		"a standby":  func(n *network, address string) { n.servers[address] = standby },
	} {
		for _, live := range []string{"10.0.0.1:5432", "10.0.0.2:5432", "10.0.0.3:5432"} {
			t.Run(name+" but "+live, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := &network{servers: map[string]behaviour{}}
					for _, address := range []string{"10.0.0.1:5432", "10.0.0.2:5432", "10.0.0.3:5432"} {
						dead(n, address)
					}
					n.servers[live] = primary
					hosts := &pghosts.Hosts{Primary: true}
					for _, most := range []time.Duration{2 * prompt, 0} { // the second time it comes first
						began := time.Now()
						if got := choose(t, hosts, n.config(t, url3)); got != live {
							t.Errorf("chosen is %s, want %s", got, live)
						}
						if took := time.Since(began); took > most {
							t.Errorf("it took %s", took)
						}
					}
				})
			})
		}
	}
}

// The server that was chosen last is asked alone while it answers, and left when it
// falls silent.
func TestServerThatAnsweredLastComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": silent, "10.0.0.2:5432": primary, "10.0.0.3:5432": standby}}
		hosts := &pghosts.Hosts{Primary: true}
		choose(t, hosts, n.config(t, url3))
		n.dials()
		choose(t, hosts, n.config(t, url3))
		if got := n.dials(); slices.ContainsFunc(got, func(address string) bool { return address != "10.0.0.2:5432" }) {
			t.Errorf("dialed were %q", got)
		}
		n.servers = map[string]behaviour{"10.0.0.1:5432": silent, "10.0.0.2:5432": silent, "10.0.0.3:5432": primary}
		began := time.Now()
		if got := choose(t, hosts, n.config(t, url3)); got != "10.0.0.3:5432" || time.Since(began) > prompt {
			t.Errorf("chosen is %s after %s", got, time.Since(began))
		}
	})
}

// A name may have several addresses, of which the first is dead; and the name
// service may be silent about another name.
func TestAddressesOfANameAreServersEach(t *testing.T) {
	for name, dead := range map[string]behaviour{"silent": silent, "a black hole": nil, "a standby": standby} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &network{
					servers: map[string]behaviour{"10.0.0.1:5432": dead, "[fd00::2]:5432": primary},
					names:   map[string][]string{"db": {"10.0.0.1", "fd00::2"}},
				}
				for _, url := range []string{"postgres://u@db/d?sslmode=disable", "postgres://u@lost,db/d?sslmode=disable", "postgres://u@db,lost/d"} {
					began := time.Now()
					config := n.config(t, url)
					if got := choose(t, &pghosts.Hosts{Primary: true}, config); got != "[fd00::2]:5432" || config.Host != "db" {
						t.Errorf("%s: chosen is %s of %s", url, got, config.Host)
					}
					if took := time.Since(began); took > 3*prompt {
						t.Errorf("%s: it took %s", url, took)
					}
				}
			})
		})
	}
}

// With sslmode=prefer there are two ways to each server, which share its time.
func TestWaysToOneServerStayTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": silent, "10.0.0.2:5432": primary}}
		config := n.config(t, "postgres://u@10.0.0.1,10.0.0.2/d?sslmode=prefer")
		began := time.Now()
		if got := choose(t, &pghosts.Hosts{Primary: true}, config); got != "10.0.0.2:5432" || time.Since(began) > 2*prompt {
			t.Errorf("chosen is %s after %s", got, time.Since(began))
		}
		if config.TLSConfig == nil || len(config.Fallbacks) != 1 || config.Fallbacks[0].TLSConfig != nil {
			t.Errorf("the ways are %v and %v", config.TLSConfig, config.Fallbacks)
		}
	})
}

func TestOneServerHasItsWholeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": late(2*time.Second, primary)}}
		choose(t, new(pghosts.Hosts), n.config(t, "postgres://u@10.0.0.1/d?sslmode=disable"))
		choose(t, &pghosts.Hosts{Primary: true}, n.config(t, "postgres://u@10.0.0.1,10.0.0.2/d?sslmode=disable"))
	})
}

// While there is no primary, callers don't flood the standbys with connections.
func TestServersThatRefusedAreLeftAloneForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": standby, "10.0.0.2:5432": standby}}
		url := "postgres://u@10.0.0.1,10.0.0.2/d?sslmode=disable&target_session_attrs=primary"
		hosts := &pghosts.Hosts{Primary: true}
		for range 100 {
			if err := hosts.Choose(t.Context(), n.config(t, url)); !errors.Is(err, pgconn.ErrStandbyConnection) {
				t.Fatalf("Choose = %v", err)
			}
		}
		if got := n.dials(); len(got) != 2 {
			t.Errorf("%d were dialed, want 2", len(got))
		}
		n.servers = map[string]behaviour{"10.0.0.2:5432": primary}
		time.Sleep(prompt)
		if got := choose(t, hosts, n.config(t, url)); got != "10.0.0.2:5432" {
			t.Errorf("chosen is %s", got)
		}
	})
}

// What none of them would do is said of each.
func TestWhatEachServerSaidIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{servers: map[string]behaviour{"10.0.0.1:5432": silent, "10.0.0.2:5432": readOnly}}
		config := n.config(t, url3+"&target_session_attrs=read-write")
		err := (&pghosts.Hosts{Primary: true}).Choose(t.Context(), config)
		for _, part := range []string{"10.0.0.1:5432", "10.0.0.3:5432", "connection refused", "timeout", "read only connection"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("Choose = %v, want %q in it", err, part)
			}
		}
		if !errors.Is(err, pgconn.ErrReadOnlyConnection) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Choose = %v", err)
		}
	})
}
