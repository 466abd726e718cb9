package ration_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/ration-dev/ration"

// root names the root package in the table.
const root = "."

// layer is a row of the table: what a package's own code, without its tests, may
// import of this module. A pattern that ends in /... means the package and all
// below it, as it does for the go command.
type layer struct {
	packages string
	imports  []string
}

// layers is the layout: imports point one way, and a package without a row has no
// place yet. Of several patterns that match, the first row counts.
var layers = []layer{
	// Words and rules. Nothing here knows a database or a protocol.
	{root, []string{"observe", "internal/bucket", "internal/failures", "internal/groupcommit", "internal/zoneinfo"}},
	{"observe", nil},
	{"internal/groupcommit", nil},
	{"internal/zoneinfo", nil},
	{"internal/condense", nil},
	{"internal/redact", nil},
	{"internal/inputfile", nil},
	{"internal/certfile", []string{"internal/inputfile"}},
	{"internal/bucket", nil},
	{"internal/turns", nil},
	{"internal/failures", []string{"internal/bucket"}},

	// The rule and its books: what stores and administration share, and no way in sees.
	{"internal/ledger", []string{root}},

	// The words of administration, for Go programs and for all below.
	{"rationadmin", []string{root}},
	{"rationadmin/adminsocket", []string{root, "rationadmin", "internal/adminsock"}},

	// What every store keeps in one form, and what administration keeps in both.
	{"internal/storedjson", []string{root, "internal/ledger"}},
	{"internal/sqladmin", []string{root, "internal/ledger", "internal/admin", "internal/storedjson"}},

	// Stores. They never see each other.
	{"sqlite/...", []string{root, "rationadmin", "observe", "internal/ledger", "internal/admin", "internal/sqladmin", "internal/storedjson", "sqlite/..."}},
	{"postgres/...", []string{root, "rationadmin", "observe", "internal/ledger", "internal/redact", "internal/admin", "internal/sqladmin", "internal/storedjson", "internal/pgcommit", "internal/pghosts", "internal/pooler", "postgres/..."}},
	{"internal/pooler", nil},
	{"internal/pgcommit", nil},
	{"internal/pghosts", nil},

	// Wire types, and what speaks them.
	{"api", nil},
	{"client", []string{"api"}},
	{"api/openapi", nil},

	// Integrations translate a protocol. They never see a store.
	{"rationhttp", []string{root, "api", "rationadmin", "internal/turns", "internal/wire"}},
	{"internal/answered", nil},
	{"internal/accesslog", []string{"rationhttp", "internal/answered"}},
	{"internal/tracing", []string{root, "observe", "rationhttp", "internal/answered", "internal/condense"}},
	{"internal/traffic", []string{root, "rationhttp", "internal/admin", "internal/condense"}},
	{"internal/metrics", []string{root, "observe", "rationhttp", "internal/traffic"}},
	{"internal/sealed", nil},
	{"internal/bearer", []string{root, "internal/admin", "internal/bucket", "internal/failures"}},
	{"internal/cors", []string{root}},
	{"internal/override", nil},
	{"internal/route", []string{root, "rationhttp", "internal/cors", "internal/rewrite"}},
	{"internal/rewrite", []string{root}},
	{"internal/numeral", []string{root}},
	{"internal/inbound", []string{root, "api", "rationhttp", "internal/bucket", "internal/cors", "internal/override", "internal/route", "internal/rewrite"}},
	{"internal/proxy", []string{root, "api", "rationhttp", "internal/bucket", "internal/condense", "internal/cors", "internal/inbound", "internal/numeral", "internal/override", "internal/route", "internal/rewrite", "internal/turns"}},
	{"internal/keyrequests", []string{root, "api", "rationadmin", "rationhttp", "internal/admin", "internal/bucket", "internal/condense", "internal/failures", "internal/turns", "internal/wire"}},
	{"internal/portal", []string{root, "api", "rationadmin", "rationhttp", "internal/admin", "internal/inputfile", "internal/keyrequests"}},
	{"internal/forwardauth", []string{root, "api", "rationhttp", "internal/admin", "internal/bearer", "internal/condense", "internal/cors", "internal/inbound", "internal/route"}},
	{"internal/envoy", []string{root, "rationhttp", "internal/admin", "internal/bearer", "internal/condense", "internal/cors", "internal/inbound", "internal/numeral"}},
	{"internal/verify", []string{root, "api", "rationhttp", "internal/admin", "internal/condense", "internal/numeral", "internal/wire", "internal/bearer"}},

	// Administration. REST and console only show its operations.
	{"internal/admin", []string{root, "rationadmin", "internal/ledger", "internal/groupcommit"}},
	{"internal/heartbeat", []string{"internal/admin"}},
	{"internal/jobs", []string{root, "internal/admin"}},
	{"internal/webhook", []string{root, "internal/admin", "internal/wire"}},
	{"internal/grant", []string{root, "rationadmin", "internal/admin"}},
	{"internal/adminsock", []string{root, "client", "rationadmin", "internal/admin", "internal/adminapi", "internal/adminclient", "internal/bound", "internal/condense"}},
	{"internal/adminclient", []string{root, "api", "client", "rationadmin", "internal/admin", "internal/wire"}},
	{"internal/wire", []string{root, "api", "internal/admin"}},
	{"internal/adminapi", []string{root, "api", "internal/numeral", "api/openapi", "rationadmin", "rationhttp", "internal/admin", "internal/bearer", "internal/condense", "internal/sealed", "internal/sheet", "internal/wire"}},
	{"internal/console", []string{root, "rationadmin", "rationhttp", "internal/admin", "internal/bearer", "internal/condense"}},
	{"internal/oidclogin", []string{root}},
	{"internal/sheet", []string{root, "api"}},
	{"internal/console/...", []string{root, "api", "internal/admin", "internal/console/..."}},

	// The server listens; it opens no database.
	{"internal/framing", nil},
	{"internal/server", []string{root, "rationhttp", "internal/bound", "internal/certfile", "internal/config", "internal/condense", "internal/framing"}},
	{"internal/bound", []string{"internal/bucket"}},
	{"internal/config", []string{root, "internal/numeral", "internal/redact", "internal/inputfile", "internal/certfile", "rationhttp", "internal/cors", "internal/route", "internal/rewrite"}},
	{"internal/demo", []string{root, "internal/admin"}},
	{"internal/manual", nil},
	{"internal/keyimport", []string{root, "internal/admin", "internal/numeral"}},
	{"internal/planfile", []string{root, "internal/admin"}},
	{"internal/profiles", []string{"internal/config"}},

	// Moving everything from one store to the other needs both.
	{"internal/dbcopy", []string{"internal/redact", "internal/admin", "internal/pgcommit", "internal/pghosts", "internal/pooler", "sqlite", "postgres"}},

	// The one place that sees all.
	{"internal/cli", []string{"..."}},
	{"cmd/ration", []string{"internal/cli"}},

	// For tests: ours, and those of people who embed Ration.
	{"internal/storetest", []string{root, "rationadmin", "internal/admin", "internal/ledger", "internal/testbatch"}},
	{"rationtest", []string{root, "sqlite", "rationadmin", "internal/admin"}},
	{"internal/testbatch", []string{root}},
	{"internal/testquery", []string{root, "internal/admin", "internal/sqladmin"}},
	{"internal/testdb/...", []string{"internal/testdb"}},
	{"internal/testdisk", nil},
	{"internal/testoidc", nil},
	{"internal/testcert", nil},
	{"test/...", []string{"..."}},

	// Examples show what anybody can do.
	{"examples/...", []string{root, "rationhttp", "sqlite", "postgres", "client", "api", "rationtest"}},
}

// outside limits what a package may import from elsewhere, beside the standard
// library. Packages that are not in it are limited by go.mod alone.
var outside = map[string][]string{
	root:                   {"github.com/google/uuid"},
	"internal/groupcommit": nil,
	"api":                  nil,
	"client":               nil,
}

// noProtocol lists the packages that must not know HTTP.
var noProtocol = []string{root, "internal/groupcommit", "internal/admin", "internal/sqladmin", "sqlite", "postgres", "internal/ledger", "internal/storetest"}

func TestImportsPointOneWay(t *testing.T) {
	imports := readImports(t, os.DirFS("."))
	if len(imports[root]) == 0 {
		t.Fatal("no imports found")
	}
	for name, imported := range imports {
		for _, fault := range importFaults(name, imported) {
			t.Error(fault)
		}
	}
}

func TestImportFaults(t *testing.T) {
	for _, row := range []struct {
		name     string
		from     string
		imported []string
		want     []string
	}{
		{"integration imports root", "internal/proxy", []string{module, "net/http"}, nil},
		{"store imports root, admin and a driver", "postgres", []string{module, module + "/internal/admin", "github.com/jackc/pgx/v5"}, nil},
		{"store imports a part of itself", "sqlite", []string{module + "/sqlite/migrations"}, nil},
		{"cli imports everything", "internal/cli", []string{module + "/sqlite", module + "/internal/proxy", module}, nil},
		{"root imports its own means", root, []string{module + "/internal/groupcommit", "github.com/google/uuid", "net/netip"}, nil},

		{"root imports HTTP", root, []string{"net/http"}, []string{". imports net/http: it must not know HTTP"}},
		{"root imports below HTTP", root, []string{"net/http/httptrace"}, []string{". imports net/http/httptrace: it must not know HTTP"}},
		{"root imports an integration", root, []string{module + "/rationhttp"}, []string{". imports rationhttp: not in its row"}},
		{"root imports a module", root, []string{"github.com/google/go-cmp/cmp"}, []string{". imports github.com/google/go-cmp/cmp: only [github.com/google/uuid] from outside"}},
		{"store imports the other store", "sqlite", []string{module + "/postgres"}, []string{"sqlite imports postgres: not in its row"}},
		{"store's part imports the other store", "postgres/migrations", []string{module + "/sqlite"}, []string{"postgres/migrations imports sqlite: not in its row"}},
		{"store imports what embeds its name", "sqlite", []string{module + "/sqlitex"}, []string{"sqlite imports sqlitex: not in its row"}},
		{"integration imports a store", "internal/verify", []string{module + "/postgres"}, []string{"internal/verify imports postgres: not in its row"}},
		{"integrations import sideways", "internal/forwardauth", []string{module + "/internal/proxy"}, []string{"internal/forwardauth imports internal/proxy: not in its row"}},
		{"way in imports the ledger", "internal/proxy", []string{module + "/internal/ledger"}, []string{"internal/proxy imports internal/ledger: not in its row"}},
		{"root imports the ledger", root, []string{module + "/internal/ledger"}, []string{". imports internal/ledger: not in its row"}},
		{"server imports a store", "internal/server", []string{module + "/sqlite"}, []string{"internal/server imports sqlite: not in its row"}},
		{"main imports more than cli", "cmd/ration", []string{module + "/internal/server"}, []string{"cmd/ration imports internal/server: not in its row"}},
		{"product imports the test database", "internal/admin", []string{module + "/internal/testdb"}, []string{"internal/admin imports internal/testdb: not in its row"}},
		{"two faults", "postgres", []string{module + "/sqlite", "net/http"}, []string{"postgres imports sqlite: not in its row", "postgres imports net/http: it must not know HTTP"}},
		{"package that has no row", "internal/helpers", nil, []string{"internal/helpers has no row in layers"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, importFaults(row.from, row.imported)); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

// importFaults says what is wrong with the imports of one package.
func importFaults(from string, imported []string) []string {
	row := slices.IndexFunc(layers, func(l layer) bool { return matches(l.packages, from) })
	if row < 0 {
		return []string{from + " has no row in layers"}
	}
	var faults []string
	for _, to := range imported {
		if fault := importFault(from, to, layers[row].imports); fault != "" {
			faults = append(faults, fmt.Sprintf("%s imports %s: %s", from, ownName(to), fault))
		}
	}
	return faults
}

func importFault(from, to string, allowed []string) string {
	if own := ownName(to); own != to {
		if !slices.ContainsFunc(allowed, func(pattern string) bool { return matches(pattern, own) }) {
			return "not in its row"
		}
		return ""
	}
	if matches("net/http/...", to) && slices.Contains(noProtocol, from) {
		return "it must not know HTTP"
	}
	if allowed, limited := outside[from]; limited && !isStandard(to) && !slices.Contains(allowed, to) {
		return fmt.Sprintf("only %s from outside", allowed)
	}
	return ""
}

// ownName is the name in the table of a package of this module; other import
// paths stay as they are.
func ownName(importPath string) string {
	if importPath == module {
		return root
	}
	return strings.TrimPrefix(importPath, module+"/")
}

// matches tells whether a name is the pattern or, under its /..., below it.
func matches(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	base, below := strings.CutSuffix(pattern, "/...")
	return name == base || below && strings.HasPrefix(name, base+"/")
}

// isStandard goes by the rule that the first element of a module's path has a dot.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".")
}
