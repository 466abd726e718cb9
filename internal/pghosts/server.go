package pghosts

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// server is one address of a host of the URL.
type server struct {
	host string // a name, an address, or the directory of a Unix socket
	port uint16
	ip   string        // "" for a Unix socket
	tls  []*tls.Config // the ways to talk to it, in their order; nil is without TLS
}

// address is where it listens, as connections tell.
func (s server) address() string {
	host := s.host
	if s.ip != "" {
		host = s.ip
	}
	_, address := pgconn.NetworkAddress(host, s.port)
	return address
}

// only leaves no other server in a configuration.
func (s server) only(config *pgconn.Config) {
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = s.host, s.port, s.tls[0], nil
	for _, way := range s.tls[1:] {
		config.Fallbacks = append(config.Fallbacks, &pgconn.FallbackConfig{Host: s.host, Port: s.port, TLSConfig: way})
	}
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{s.ip}, nil }
}

// lookup is what a name service said of a host.
type lookup struct {
	host string
	ips  []string
}

// resolve returns the servers of a configuration, in its order, with the errors of
// names that have no address. A name service that is silent about one name holds up
// the others for no longer than [grace].
func resolve(ctx context.Context, config *pgconn.Config) ([]server, error) {
	ways := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	var names []string
	for _, way := range ways {
		if !slices.Contains(names, way.Host) {
			names = append(names, way.Host)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	known, err := gather(ctx, len(names), grace, func(ctx context.Context, i int) (lookup, error) {
		return look(ctx, config, names[i])
	}, func(lookup) bool { return true })
	return serversOf(ways, known), err
}

func look(ctx context.Context, config *pgconn.Config, host string) (lookup, error) {
	if network, _ := pgconn.NetworkAddress(host, 0); network == "unix" {
		return lookup{host, []string{""}}, nil
	}
	ips, err := config.LookupFunc(ctx, host)
	if err == nil && len(ips) == 0 {
		err = fmt.Errorf("%s has no address", host)
	}
	return lookup{host, ips}, err
}

// serversOf brings the ways to each address together.
func serversOf(ways []*pgconn.FallbackConfig, known []lookup) (servers []server) {
	for _, way := range ways {
		at := slices.IndexFunc(known, func(l lookup) bool { return l.host == way.Host })
		if at < 0 {
			continue
		}
		for _, ip := range known[at].ips {
			s := server{host: way.Host, port: way.Port, ip: ip}
			same := slices.IndexFunc(servers, func(other server) bool { return other.address() == s.address() })
			if same < 0 {
				same, servers = len(servers), append(servers, s)
			}
			servers[same].tls = append(servers[same].tls, way.TLSConfig)
		}
	}
	return servers
}
