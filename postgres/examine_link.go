package postgres

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ration-dev/ration/internal/admin"
)

// link is the way to the server, or to the pooler before it.
type link struct {
	server    netip.Addr // not valid: a unix socket
	near      bool       // on this machine
	encrypted bool
	mode      string // sslmode, by what it does
	pooled    bool
}

func linkOf(conn *pgx.Conn) link {
	wire := conn.PgConn().Conn()
	_, encrypted := wire.(*tls.Conn)
	config := conn.Config()
	return newLink(&config.Config, wire.RemoteAddr(), wire.LocalAddr(), encrypted)
}

func newLink(config *pgconn.Config, server, own net.Addr, encrypted bool) link {
	l := link{server: addressOf(server), encrypted: encrypted, mode: modeOf(config)}
	l.near = !l.server.IsValid() || l.server.IsLoopback() || l.server == addressOf(own)
	return l
}

func addressOf(addr net.Addr) netip.Addr {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// modeOf returns the sslmode that does what a configuration does: it may come from
// a URL, the environment or a service file, and pgx keeps only what follows from it.
// Of several hosts the weakest counts.
func modeOf(config *pgconn.Config) string {
	tries := []*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}
	plain, anyCertificate, anyName := false, false, false
	var encrypted []*tls.Config
	for _, try := range append(tries, config.Fallbacks...) {
		switch network, _ := pgconn.NetworkAddress(try.Host, try.Port); {
		case network == "unix": // never encrypted
		case try.TLSConfig == nil:
			plain = true
		default:
			encrypted = append(encrypted, try.TLSConfig)
			anyName = anyName || try.TLSConfig.InsecureSkipVerify
			anyCertificate = anyCertificate || try.TLSConfig.InsecureSkipVerify && try.TLSConfig.VerifyPeerCertificate == nil
		}
	}
	switch {
	case len(encrypted) == 0:
		return "disable"
	case plain && config.TLSConfig == nil:
		return "allow"
	case plain:
		return "prefer"
	case anyCertificate:
		return "require"
	case anyName:
		return "verify-ca"
	}
	return "verify-full"
}

// shared are addresses that are nobody's on the internet beside the private ones:
// of networks behind a provider's or a tunnel (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func (l *link) private() bool {
	return l.server.IsPrivate() || l.server.IsLinkLocalUnicast() || shared.Contains(l.server)
}

const (
	verifyAdvice = `write sslmode=verify-full into the database URL in place of the present sslmode, such as "postgres://ration@db.example.com/ration?sslmode=verify-full"; ` +
		`if a private authority signed the server's certificate, add "&sslrootcert=/etc/ration/ca.pem" with the path of that authority's certificate`
	encryptAdvice = "give the server a certificate and run 'ALTER SYSTEM SET ssl = on' and 'SELECT pg_reload_conf()' in psql, if 'SHOW ssl' says off; then " + verifyAdvice
)

// tlsFinding lets plain text pass on this machine, where nobody is between, and
// only warns of it in a private network, which can be one that nobody else is on.
func (l *link) tlsFinding() admin.Finding {
	finding := admin.Finding{Check: "tls", State: admin.FindingWarning, Advice: verifyAdvice}
	text := map[bool]string{true: "encrypted", false: "not encrypted"}[l.encrypted]
	switch {
	case l.near:
		return admin.Finding{Check: "tls", State: admin.FindingOK, Detail: "the connection to the database stays on this machine; it is " + text}
	case !l.encrypted:
		finding.Detail = fmt.Sprintf("the connection to the database at %s is not encrypted (sslmode=%s): anybody in between can read and change the data", l.server, l.mode)
		finding.Advice = encryptAdvice
		if l.private() {
			finding.Detail += "; the address is in a private network"
		} else {
			finding.State = admin.FindingProblem
		}
	case l.mode == "verify-full":
		return admin.Finding{Check: "tls", State: admin.FindingOK, Detail: fmt.Sprintf("the connection to the database at %s is encrypted and the server's certificate is checked", l.server)}
	case l.mode == "verify-ca":
		finding.Detail = fmt.Sprintf("the connection to the database at %s is encrypted, but the name in the server's certificate is not checked (as by sslmode=verify-ca): anybody who has a certificate from that authority can pose as the server", l.server)
	case l.mode == "require":
		finding.Detail = fmt.Sprintf("the connection to the database at %s is encrypted, but the server's certificate is not checked (sslmode=require): anybody in between can pose as the server", l.server)
	default:
		finding.Detail = fmt.Sprintf("the connection to the database at %s is encrypted now, but it would not be if the server, or somebody who poses as it, had no TLS (sslmode=%s)", l.server, l.mode)
	}
	return finding
}

func (l *link) poolerFinding() admin.Finding {
	finding := admin.Finding{Check: "pooler", State: admin.FindingOK, Detail: "there is none"}
	if l.pooled {
		finding.Detail = "there is one, such as PgBouncer; that works in transaction or session mode, but 'ration copy' needs the URL of the server itself"
	}
	return finding
}
