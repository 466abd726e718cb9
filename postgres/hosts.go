package postgres

import (
	"context"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// hostTimeout is how long one of several servers is waited for at first. It grows
// up to dialTimeout while none of them answers, for a network may be slow.
const hostTimeout = 750 * time.Millisecond

// hosts are the servers of a URL, or the addresses of its only one. A silent one
// costs its own time and not that of the others, and the one that answered last
// comes first. It is for all connections of a store.
type hosts struct {
	mu     sync.Mutex
	last   string // address of the server that answered last
	failed int    // beginnings since then
}

// prepare puts the server that answered last first and gives each its time. The
// names are resolved here, because how many addresses they have decides how long
// each is waited for; connecting takes at most the time that it returns.
func (h *hosts) prepare(ctx context.Context, config *pgconn.Config) (total time.Duration) {
	h.mu.Lock()
	last, failed := h.last, h.failed
	h.failed++
	h.mu.Unlock()
	lookup := config.LookupFunc
	known := make(map[string][]string)
	tries := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	addresses := make(map[string]bool)
	isLast := func(port uint16) func(string) bool {
		return func(ip string) bool { _, address := pgconn.NetworkAddress(ip, port); return address == last }
	}
	first := make(map[*pgconn.FallbackConfig]bool)
	for _, try := range tries {
		if network, address := pgconn.NetworkAddress(try.Host, try.Port); network == "unix" {
			addresses[address], first[try] = true, address == last
			continue
		}
		if _, ok := known[try.Host]; !ok {
			known[try.Host], _ = lookup(ctx, try.Host)
		}
		ips := known[try.Host]
		matches := isLast(try.Port)
		first[try] = slices.ContainsFunc(ips, matches)
		slices.SortStableFunc(ips, func(a, b string) int { return order(matches(a), matches(b)) })
		for _, ip := range ips {
			addresses[net.JoinHostPort(ip, strconv.Itoa(int(try.Port)))] = true
		}
	}
	slices.SortStableFunc(tries, func(a, b *pgconn.FallbackConfig) int { return order(first[a], first[b]) })
	config.Host, config.Port, config.TLSConfig, config.Fallbacks = tries[0].Host, tries[0].Port, tries[0].TLSConfig, tries[1:]
	config.LookupFunc = func(ctx context.Context, host string) ([]string, error) {
		if ips := known[host]; len(ips) > 0 {
			return ips, nil
		}
		return lookup(ctx, host)
	}
	each := dialTimeout
	if len(addresses) > 1 {
		each = min(hostTimeout<<min(failed, 2), dialTimeout)
	}
	if config.ConnectTimeout <= 0 || config.ConnectTimeout > each { // what the URL says may be less
		config.ConnectTimeout = each
	}
	return time.Duration(max(len(addresses), 1)) * each
}

// order puts what is true before what is not.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// note remembers the server that answered.
func (h *hosts) note(conn *pgconn.PgConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last, h.failed = conn.Conn().RemoteAddr().String(), 0
}

// preferPrimary passes by standbys of several servers, unless the URL says which
// of them it wants.
func preferPrimary(config *pgconn.Config) {
	if len(config.Fallbacks) > 0 && config.ValidateConnect == nil {
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
}
