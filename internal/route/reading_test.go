package route_test

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

// platforms is a table before which a free rest comes last and a free prefix
// first, so that whatever escapes the scoped routes goes uncounted.
var platforms = []route.Route{
	{Name: "public", Path: "/public/*", Free: true},
	{Name: "admin", Path: "/v1/admin/*", Scope: "admin"},
	{Name: "ask", Path: "/v1/ask", Scope: "ask", Amounts: map[string]ration.Amount{"tokens": {Units: 100}}},
	{Name: "report", Path: "/files/report.json", Scope: "report"},
	{Name: "script", Path: "/app/export.php", Scope: "export"},
	{Name: "user", Path: "/users/{id}/secret", Scope: "users"},
	{Name: "long", Path: "/programfiles/settings", Scope: "settings"},
	{Name: "root", Path: "/", Scope: "root"},
	{Name: "rest", Path: "/*", Free: true},
}

// TestNoPlatformsSpellingEscapesARoute has what servers and frameworks are known
// to take for another path. "400" is a path that is refused as ambiguous.
func TestNoPlatformsSpellingEscapesARoute(t *testing.T) {
	table := compile(t, route.Config{Routes: platforms})
	for _, row := range []struct{ platform, path, want string }{
		{"front controller", "/index.php/v1/admin/x", "admin"},
		{"front controller", "/index.php/v1/ask", "ask"},
		{"front controller", "/INDEX.PHP/v1/ask/", "ask"},
		{"front controller", "/app.php/v1/ask", "ask"},
		{"front controller", "/server.php/v1/ask", "ask"},
		{"front controller", "/web/app_dev.php/v1/ask.json", "ask"},
		{"front controller", "/index.php./v1/ask", "ask"},
		{"front controller", "/index.php%20/v1/ask", "ask"},
		{"front controller", "/index.php5/v1/ask", "ask"},
		{"front controller", "/a/index.php/index.php/v1/ask", "ask"},
		{"front controller without its ending", "/index/v1/ask", "ask"},
		{"front controller within a free prefix", "/public/index.php/v1/ask", "400"},
		{"front controller of its own root", "/index.php", "root"},
		{"CGI", "/cgi-bin/api/v1/ask", "ask"},
		{"CGI", "/cgi-bin/api.cgi/v1/ask", "ask"},
		{"CGI", "/api.pl/v1/ask", "ask"},
		{"ASP.NET", "/default.aspx/v1/ask", "ask"},
		{"ASP.NET without cookies", "/(S(abc123))/v1/ask", "ask"},
		{"ASP.NET without cookies", "/v1/(A(x)F(y))/ask", "ask"},
		{"Next.js", "/_next/data/build-1/v1/ask.json", "ask"},
		{"path behind a script", "/app/export.php/anything", "script"},
		{"path behind a script", "/app/export.php/", "script"},
		{"many scripts", strings.Repeat("/a.php", 20) + "/v1/ask", "400"},
		{"Windows", "/v1/ask.", "ask"},
		{"Windows", "/v1/ask...", "ask"},
		{"Windows", "/v1/ask%20", "ask"},
		{"Windows", "/v1/ask%20.%20.", "ask"},
		{"Windows", "/v1./admin./x", "admin"},
		{"Windows", "/v1/admin%20/x", "admin"},
		{"Windows", "/v1/.../ask", "400"},
		{"Windows", "/v1/%20/ask", "400"},
		{"Windows", "/v1/ask::$DATA", "ask"},
		{"Windows", "/v1/ask:$i30:$INDEX_ALLOCATION", "ask"},
		{"Windows", "/v1/ask.php::$DATA", "ask"},
		{"Windows", "/PROGRA~1/settings", "long"},
		{"Windows", "/programfiles/SETTIN~1", "long"},
		{"Windows", "/prA1B2~1/settings", "long"},
		{"trimmed", "/%20v1/ask", "ask"},
		{"form decoding", "/v1/ask+", "ask"},
		{"form decoding", "/+v1/ask", "ask"},
		{"formats", "/v1/ask.json", "ask"},
		{"formats", "/v1/ask.html", "ask"},
		{"formats", "/v1/ask.a.b", "ask"},
		{"formats", "/v1/ASK.JSON/", "ask"},
		{"formats", "/v1/ask.", "ask"},
		{"formats", "/v1/ask/.json", "ask"},
		{"formats", "/v1/ask%20.0", "ask"},
		{"formats", "/v1/admin%20.json/x", "admin"},
		{"formats", "/v1/admin.json", "admin"},
		{"formats", "/users/5/secret.xml", "user"},
		{"formats in the middle", "/v1/admin.json/x", "admin"},
		{"formats in the middle", "/v1/ADMIN.xml/x/y", "admin"},
		{"formats in the middle", "/v1.json/admin/x", "admin"},
		{"formats in the middle", "/users.json/5/secret", "user"},
		{"formats and languages", "/v1/admin.en.html/x", "admin"},
		{"scripts in the middle", "/v1/admin.php/x", "admin"},
		{"scripts in the middle", "/v1/admin.php8/x/y", "admin"},
		{"scripts in the middle", "/v1/admin.aspx/x", "admin"},
		{"scripts in the middle", "/v1/admin.json.php/x", "admin"},
		{"scripts in the middle", "/index.php/v1/admin.php/x", "admin"},
		{"path behind a script that has another name", "/v1/ask.php/x", "ask"},
		{"path behind a script that has another name", "/v1/ask.php/x/y.json", "ask"},
		{"path behind a script, without its ending", "/app/export/x", "script"},
		{"backup of a script", "/app/export.php.bak", "script"},
		{"endings that the server adds", "/app/export", "script"},
		{"endings that the server adds", "/files/report", "report"},
		{"index of a directory", "/v1/ask/index.html", "ask"},
		{"index of a directory", "/v1/ask/index.php", "ask"},
		{"index of a directory", "/v1/ask/Default.aspx", "ask"},
		{"first action of a controller", "/v1/ask/index", "ask"},
		{"data of a page", "/v1/ask/__data.json", "ask"},
		{"index of the root", "/index.html", "root"},
		{"letter case", "/V1/ASK", "ask"},
		{"long s", "/v1/a%C5%BFk", "ask"},
		{"Kelvin sign", "/v1/as%E2%84%AA", "ask"},
		{"full width", "/v1/%EF%BD%81%EF%BD%93%EF%BD%8B", "ask"},
		{"full width", "/%EF%BC%B6%EF%BC%91/ask", "ask"},
		{"combining", "/v1/a%CC%81sk", "ask"},
		{"accent", "/v1/%C3%A1sk", "ask"},
		{"dotless i", "/v1/adm%C4%B1n/x", "admin"},
		{"dotted I", "/v1/adm%C4%B0n/x", "admin"},
		{"not shown", "/v1/as%E2%80%8Bk", "ask"},
		{"not shown", "/v1/as%C2%ADk", "ask"},
		{"not shown", "/%EF%BB%BFv1/ask", "ask"},
		{"only what doesn't show", "/v1/%E2%80%8B/ask", "400"},
		{"another space", "/v1/ask%C2%A0", "ask"},
		{"full-width slash", "/v1%EF%BC%8Fask", "400"},
		{"character of slashes", "/v1/%E2%84%80", "400"},
		{"full-width dots", "/v1/x/%EF%BC%8E%EF%BC%8E/ask", "400"},
		{"two-dot leader", "/v1/x/%E2%80%A5/ask", "400"},
		{"encoded question mark", "/v1/ask%3Fx", "ask"},
		{"encoded hash", "/v1/ask%23x", "ask"},
		{"encoded NUL", "/v1/ask%00", "400"},
		{"encoded twice", "/v1/%2561sk", "400"},
		{"overlong", "/v1%C0%AFask", "400"},
		{"parameters", "/v1/ask;x=1", "400"},
		{"encoded parameters", "/v1/ask%3Bx", "400"},
		{"encoded backslash", "/v1%5Cask", "400"},

		{"honest", "/files/report.csv", "rest"},
		{"honest", "/files/report.csv/x", "rest"},
		{"honest", "/files/other.json", "rest"},
		{"honest", "/files/a.b.c", "rest"},
		{"honest", "/v1/asks", "rest"},
		{"honest", "/v1.1/admin/x", "rest"},
		{"honest", "/v1/admin.2/x", "rest"},
		{"honest", "/v1/admin-x.json/y", "rest"},
		{"honest", "/v1/ask/x", "rest"},
		{"honest", "/v1/ask-more", "rest"},
		{"honest", "/v1/ask:batch", "rest"},
		{"honest", "/v1/as", "rest"},
		{"honest", "/v2/ask", "rest"},
		{"honest", "/index.html/x", "rest"},
		{"honest", "/blog/index.php", "rest"},
		{"honest", "/public/index.php", "public"},
		{"honest", "/public/v1/ask", "public"},
		{"honest", "/~user/x", "rest"},
		{"honest", "/notes~1", "rest"},
		{"honest", "/a+b%20c", "rest"},
		{"honest", "/gr%C3%B6%C3%9Fe", "rest"},
		{"honest", "/%E6%97%A5%E6%9C%AC", "rest"},
		{"honest", "/v1.2", "rest"},
		{"honest", "/files/what%3F.txt", "rest"},
		{"honest", "/odata/Products(1)", "rest"},
	} {
		got := "400"
		found, err := table.Find(request(t, "GET "+row.path))
		if err == nil {
			got = found.Name
		} else if _, ambiguous := errors.AsType[*route.AmbiguousPathError](err); !ambiguous {
			t.Fatal(err)
		}
		if got != row.want {
			t.Errorf("%s: %s is %s, want %s", row.platform, row.path, got, row.want)
		}
	}
}

// TestAPathOfItsOwnIsLeftAlone shows how an API that does tell spellings apart
// says so.
func TestAPathOfItsOwnIsLeftAlone(t *testing.T) {
	table := compile(t, route.Config{Routes: append([]route.Route{{Name: "page", Path: "/v1/ask.html", Free: true}, {Name: "docs", Path: "/index.php/v1/ask", Free: true}}, platforms...)})
	for line, want := range map[string]string{"GET /v1/ask.html": "page", "GET /v1/ask.json": "ask", "GET /index.php/v1/ask": "docs"} {
		if found, err := table.Find(request(t, line)); err != nil || found.Name != want {
			t.Errorf("%s is %+v, %v; want %s", line, found, err, want)
		}
	}
}

func TestSpellingsThatAreAllowedToBeAmbiguousAreNeverFree(t *testing.T) {
	table := compile(t, route.Config{Routes: platforms, AllowAmbiguous: true})
	for _, path := range []string{"/public/index.php/v1/ask", "/v1/.../ask", "/v1%EF%BC%8Fask", strings.Repeat("/a.php", 20) + "/v1/ask"} {
		if found, err := table.Find(request(t, "GET "+path)); err != nil || found.Name != "unmatched" {
			t.Errorf("%s: got %+v, %v", path, found, err)
		}
	}
}

// upstreams are how servers come by the path that they answer.
var upstreams = []func(string) string{
	func(p string) string { return p },
	strings.ToLower,
	func(p string) string { return strings.TrimSuffix(p, "/") },
	func(p string) string { return strings.TrimPrefix(p, "/index.php") },
	func(p string) string { return strings.TrimPrefix(p, "/web/app.php") },
	func(p string) string { return strings.TrimSuffix(p, path.Ext(p)) },
	func(p string) string { return strings.TrimRight(p, ". ") },
	func(p string) string { return strings.TrimSuffix(p, "/index.html") },
	func(p string) string { before, _, _ := strings.Cut(p, "::$"); return before },
	func(p string) string { before, _, _ := strings.Cut(p, "?"); return before },
	func(p string) string { return strings.ReplaceAll(p, "+", " ") },
	func(p string) string {
		segments := strings.Split(p, "/")
		for i := range segments {
			segments[i] = strings.TrimRight(segments[i], ". ")
		}
		return strings.Join(segments, "/")
	},
}

// FuzzNearSpellings wants that nothing which an upstream could read as a scoped
// path, in two steps of what servers do, goes without its scope.
func FuzzNearSpellings(f *testing.F) {
	for _, seed := range []string{"/v1/ask", "/index.php/V1/ask.json", "/v1/ask. .", "/v1/ask/index.html", "/web/app.php/v1/ask/", "/v1/ask::$DATA", "/v1/a\u017fk", "/v1/ask?x", "/v1./ask", "/public/index.php/v1/ask", "/v1/ask.a.b+"} {
		f.Add(seed)
	}
	table, err := route.Compile(route.Config{Routes: platforms})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		target := (&url.URL{Path: "/" + strings.TrimPrefix(text, "/")}).EscapedPath()
		r, err := readRequest("GET " + target)
		if err != nil {
			return
		}
		found, err := table.Find(r)
		if err != nil || found.Scope != "" {
			return
		}
		for _, first := range upstreams {
			for _, second := range upstreams {
				if got := second(first(r.URL.Path)); got == "/v1/ask" && found.Name != "public" {
					t.Fatalf("%q goes as %s, and may be read as %q", r.URL.Path, found.Name, got)
				}
			}
		}
	})
}
