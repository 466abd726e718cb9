package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/route"
)

func TestASegmentInAnAppsWordsIsAnyOneSegment(t *testing.T) {
	for _, path := range []string{"/v1/users/{id}", "/v1/users/:id", "/v1/users/{user_id}", "/v1/users/{user-id}", "/v1/users/:userId"} {
		table := compile(t, route.Config{Routes: []route.Route{{Name: "user", Path: path, Scope: "users"}}})
		for line, want := range map[string]string{
			"GET /v1/users/5": "user", "GET /v1/users/a.b": "user", "GET /v1/users/5/": "user", "GET /V1/Users/5": "user", "GET /v1/users/{id}": "user",
			"GET /v1/users": "unmatched", "GET /v1/users/": "unmatched", "GET /v1/users/5/x": "unmatched", "GET /v1/user/5": "unmatched",
		} {
			if found, err := table.Find(request(t, line)); err != nil || found.Name != want {
				t.Errorf("%s: %s is %+v, %v; want %s", path, line, found, err, want)
			}
		}
	}
	table := compile(t, route.Config{Routes: []route.Route{{Name: "chat", Path: "/v1/{model}/:kind/chat"}, {Name: "below", Path: "/v1/{model}/*"}}})
	for line, want := range map[string]string{"GET /v1/m/k/chat": "chat", "GET /v1/m/k/other": "below", "GET /v1/m/": "below", "GET /v1/x:predict": "below"} {
		if found, err := table.Find(request(t, line)); err != nil || found.Name != want {
			t.Errorf("%s is %+v, %v; want %s", line, found, err, want)
		}
	}
}

// TestWordsThatWouldMatchNothingAreRefused has what people write in the words of
// their framework, and what the refusal tells them to write.
func TestWordsThatWouldMatchNothingAreRefused(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/x?y=1":                    `"/v1/x"`,
		"/v1/x?":                       `"/v1/x"`,
		"/v1/users/:id?":               `a route for each form`,
		"/v1/users/{id?}":              `"*" or "{name}"`,
		"/v1/x#top":                    `"#"`,
		"/users/#{id}":                 `"#"`,
		"/v1/%7Bid%7D":                 `percent signs`,
		"/v1/users/%s":                 `percent signs`,
		"/v1/users/{id:[0-9]+}":        `"*" or "{name}"`,
		"/v1/users/{id:int}":           `"*" or "{name}"`,
		"/v1/users/{name=users}":       `"*" or "{name}"`,
		"/v1/users/{}":                 `"*" or "{name}"`,
		"/v1/users/${id}":              `"*" or "{name}"`,
		"/v1/users/<id>":               `"*" or "{name}"`,
		"/v1/users/<int:id>":           `"*" or "{name}"`,
		"/v1/users/<id>/posts":         `"*" or "{name}"`,
		"/v1/users/[id]":               `"*" or "{name}"`,
		`/v1/users/\d+`:                `"*" or "{name}"`,
		`/v1/users/:id(\d+)`:           `"*" or "{name}"`,
		`/v1/users/(\d+)`:              `"*" or "{name}"`,
		"/v1/users/[0-9]+":             `"*" or "{name}"`,
		"/v1/users/(a|b)":              `"*" or "{name}"`,
		"/files/{path...}":             `"/files/*"`,
		"/files/{path*}":               `"/files/*"`,
		"/files/{path+}":               `"/files/*"`,
		"/files/{*path}":               `"/files/*"`,
		"/files/{**path}":              `"/files/*"`,
		"/files/{path:path}":           `"/files/*"`,
		"/files/{path:.*}":             `"/files/*"`,
		"/files/{name=**}":             `"/files/*"`,
		"/files/**":                    `"/files/*"`,
		"/files/*path":                 `"/files/*"`,
		"/files/:path*":                `"/files/*"`,
		"/files/:path+":                `"/files/*"`,
		"/files/:path(.*)":             `"/files/*"`,
		"/files/<path:p>":              `"/files/*"`,
		"/files/[...slug]":             `"/files/*"`,
		"/files/[[...slug]]":           `"/files/*"`,
		"/files/(.*)":                  `"/files/*"`,
		"/files/.*":                    `"/files/*"`,
		"/files/.*$":                   `"/files/*"`,
		"/files*":                      `"/*"`,
		"/a/**/b":                      `each segment`,
		"/a/{path...}/b":               `each segment`,
		"/v1/x/{$}":                    `"/v1/x/"`,
		"/v1/x$":                       `regular expression`,
		"^/v1/x$":                      `regular expression`,
		"/v1/x.json|/v1/x":             `regular expression`,
		"/v1/x(.:format)":              `regular expression`,
		"/v1/x(":                       `regular expression`,
		"/v1/{id}.json":                `regular expression`,
		"/v1/{name}:predict":           `regular expression`,
		"/v1/x^":                       `regular expression`,
		"/v1/:from-:to":                `whole segment`,
		"/v1/:id.json":                 `whole segment`,
		"https://api.example.com/v1/x": `"/v1/x"`,
		"http://127.0.0.1:8000":        `"/"`,
		"//api.example.com/v1":         `two slashes`,
		"v1/x":                         `"/v1/x"`,
		"api.example.com/v1/x":         `starts with "/"`,
		"GET /v1/x":                    `methods: [GET]`,
		"post /v1/x":                   `methods: [POST]`,
		"~ ^/v1":                       `starts with "/"`,
		" /v1/x":                       `spaces`,
		"/v1/x ":                       `spaces`,
		"/v1 /x":                       `one path`,
		"/v1/x, /v1/y":                 `one path`,
		"/v1/x,/v1/y":                  `one path`,
		"/v1/a /v1/b":                  `one path`,
		"/v1/. ./x":                    `dot`,
		"/v1/.../x":                    `dot`,
		`/v1\x`:                        `backslash`,
		"/v1/x;y":                      `;`,
		"":                             `starts with "/"`,
	} {
		_, err := route.Compile(route.Config{Routes: []route.Route{{Path: path}}})
		invalid, ok := errors.AsType[*ration.InvalidError](err)
		if !ok || invalid.Field != "routes[0].path" || !strings.Contains(invalid.Reason, want) {
			t.Errorf("%q: got %v, want something of %s", path, err, want)
		}
	}
}

func TestPathsThatOnlyLookOddAreTaken(t *testing.T) {
	for _, path := range []string{"/v1/models/x:predict", "/odata/$metadata", "/odata/Products(1)", "/v1/a b", "/@user", "/~user", "/v1.2/x", "/größe", "/a+b", "/.well-known/x", "/a=b,c", "/a'b!", "/{id}", "/:id"} {
		if _, err := route.Compile(route.Config{Routes: []route.Route{{Path: path}}}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestMethodsThatStandForAllAreRefused(t *testing.T) {
	for _, method := range []string{"ANY", "ALL", "*"} {
		_, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/a", Methods: []string{method}}}})
		if invalid, ok := errors.AsType[*ration.InvalidError](err); !ok || !strings.Contains(invalid.Reason, "leave methods out") {
			t.Errorf("%s: got %v", method, err)
		}
	}
	for _, method := range []string{"GET POST", "GET,POST", "GET|POST"} {
		if _, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/a", Methods: []string{method}}}}); err == nil {
			t.Errorf("%s is taken", method)
		}
	}
}

func TestNoPathOfARouteMakesCompilingPanic(t *testing.T) {
	for _, path := range []string{"/", "//", "/*", "/{", "/}", "/:", "/{id", "/<", "/[", "/(", "/)", "/)(", "/$", "/\x00", "/\xff"} {
		_, _ = route.Compile(route.Config{Routes: []route.Route{{Path: path}}})
	}
}

// FuzzPattern wants that a pattern which is taken matches the path that it shows,
// with a name for each segment that it leaves open.
func FuzzPattern(f *testing.F) {
	for _, path := range []string{"/", "/v1/{id}", "/v1/:id/x", "/v1/*", "/a b", "/größe/", "/x$", "/{a}/{b}/*", "/\xc3", "/odata/$metadata"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		table, err := route.Compile(route.Config{Routes: []route.Route{{Name: "it", Path: path}}, RefuseUnmatched: true})
		if err != nil {
			return
		}
		target := strings.ReplaceAll(path, "*", "any")
		r := request(t, "GET /")
		r.URL.Path, r.RequestURI = target, "/"
		if found, err := table.Find(r); err != nil || found.Name != "it" {
			t.Errorf("%q is taken, and its own path %q gets %+v, %v", path, target, found, err)
		}
	})
}
