package postgres_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/postgres"
)

func TestTLSIsJudgedByWhoCanBeOnTheWay(t *testing.T) {
	t.Parallel()
	authority := filepath.Join(t.TempDir(), "ca.pem")
	certificate, _ := selfSigned(t)
	if err := os.WriteFile(authority, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	tcp := func(address string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(address), Port: 5432} }
	const public, private = "203.0.113.7", "10.0.0.7"
	for name, row := range map[string]struct {
		host      string
		query     string
		server    net.Addr
		encrypted bool
		state     admin.FindingState
		says      string
	}{
		"plain over loopback":                {"127.0.0.1", "sslmode=disable", tcp("127.0.0.1"), false, admin.FindingOK, "stays on this machine; it is not encrypted"},
		"plain over IPv6 loopback":           {"[::1]", "sslmode=prefer", tcp("::1"), false, admin.FindingOK, "stays on this machine"},
		"plain over a unix socket":           {"%2Frun%2Fpostgresql", "", &net.UnixAddr{Name: "/run/postgresql/.s.PGSQL.5432", Net: "unix"}, false, admin.FindingOK, "stays on this machine"},
		"plain to an own address":            {"192.0.2.1", "sslmode=disable", tcp("192.0.2.1"), false, admin.FindingOK, "stays on this machine"},
		"plain over the internet":            {public, "sslmode=disable", tcp(public), false, admin.FindingProblem, "203.0.113.7 is not encrypted (sslmode=disable)"},
		"plain by default over the internet": {public, "", tcp(public), false, admin.FindingProblem, "is not encrypted (sslmode=prefer)"},
		"plain over IPv6":                    {"[2001:db8::7]", "sslmode=allow", tcp("2001:db8::7"), false, admin.FindingProblem, "is not encrypted (sslmode=allow)"},
		"plain in a private network":         {private, "sslmode=disable", tcp(private), false, admin.FindingWarning, "the address is in a private network"},
		"plain in a provider's network":      {"100.64.0.7", "sslmode=disable", tcp("100.64.0.7"), false, admin.FindingWarning, "the address is in a private network"},
		"prefer":                             {public, "sslmode=prefer", tcp(public), true, admin.FindingWarning, "it would not be if the server, or somebody who poses as it, had no TLS (sslmode=prefer)"},
		"prefer by default":                  {private, "", tcp(private), true, admin.FindingWarning, "(sslmode=prefer)"},
		"allow":                              {public, "sslmode=allow", tcp(public), true, admin.FindingWarning, "(sslmode=allow)"},
		"require":                            {public, "sslmode=require", tcp(public), true, admin.FindingWarning, "the server's certificate is not checked (sslmode=require)"},
		"require with an authority":          {public, "sslmode=require&sslrootcert=" + authority, tcp(public), true, admin.FindingWarning, "the name in the server's certificate is not checked"},
		"verify-ca":                          {public, "sslmode=verify-ca", tcp(public), true, admin.FindingWarning, "the name in the server's certificate is not checked"},
		"verify-full":                        {public, "sslmode=verify-full", tcp(public), true, admin.FindingOK, "is encrypted and the server's certificate is checked"},
		"the weakest of two hosts":           {public + ",203.0.113.8", "sslmode=require", tcp(public), true, admin.FindingWarning, "(sslmode=require)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := fmt.Sprintf("postgres://ration:hunter2-secret@%s/ration?%s", row.host, row.query)
			finding, err := postgres.TLSFinding(location, row.server, tcp("192.0.2.1"), row.encrypted)
			if err != nil {
				t.Fatal(err)
			}
			if finding.Check != "tls" || finding.State != row.state || !strings.Contains(finding.Detail, row.says) {
				t.Errorf("%+v, want %s with %q", finding, row.state, row.says)
			}
			if advised := strings.Contains(finding.Advice, "sslmode=verify-full"); advised != (row.state != admin.FindingOK) {
				t.Errorf("the advice is %q", finding.Advice)
			}
			if strings.Contains(finding.Detail+finding.Advice, "hunter2-secret") {
				t.Errorf("%+v shows the password", finding)
			}
		})
	}
}

// TestExamineSeesWhetherTheConnectionIsEncrypted asks a server that speaks TLS.
func TestExamineSeesWhetherTheConnectionIsEncrypted(t *testing.T) {
	t.Parallel()
	cluster := testdb.StartCluster(t, nil)
	d := migrated(t, cluster.DSN())
	wantFinding(t, d.open(t, postgres.Config{}), "tls", admin.FindingOK, "stays on this machine; it is not encrypted")
	certificate, key := selfSigned(t)
	for name, content := range map[string][]byte{"server.crt": certificate, "server.key": key} {
		path := filepath.Join(cluster.DataDir(), name)
		// The server writes it, to whom it must belong.
		d.exec(t, fmt.Sprintf("COPY (SELECT regexp_split_to_table('%s', '\n')) TO '%s'", strings.TrimSpace(string(content)), path))
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d.exec(t, "ALTER SYSTEM SET ssl = on")
	d.exec(t, "SELECT pg_reload_conf()")
	location, err := url.Parse(d.url)
	if err != nil {
		t.Fatal(err)
	}
	location.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {filepath.Join(cluster.DataDir(), "server.crt")}}.Encode()
	d.await(t, "SELECT current_setting('ssl') = 'on'")
	encrypted := &database{url: location.String()}
	wantFinding(t, encrypted.open(t, postgres.Config{}), "tls", admin.FindingOK, "stays on this machine; it is encrypted")
}

// selfSigned makes a certificate for 127.0.0.1, which is its own authority.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func TestExamineNoticesAPooler(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	wantFinding(t, d.open(t, postgres.Config{}), "pooler", admin.FindingOK, "there is none")
	wantFinding(t, d.open(t, postgres.Config{}), "connections", admin.FindingOK, "an instance opens up to 7")
	pooled := d.pooled(t, nil).open(t, postgres.Config{})
	wantFinding(t, pooled, "pooler", admin.FindingOK, "there is one, such as PgBouncer")
	wantFinding(t, pooled, "connections", admin.FindingOK, "instances share the pooler's connections")
}
