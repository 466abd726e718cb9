package cors_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cors"
)

const (
	origin    = "Origin: https://a.example"
	announced = "Access-Control-Request-Method: POST"
)

// request reads a request as a server does.
func request(t *testing.T, line string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(line + " HTTP/1.1\r\nHost: h\r\n" + strings.Join(append(headers, ""), "\r\n") + "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnlyPreflightsAreTakenForOnes(t *testing.T) {
	with := func(lines ...string) []string { return append([]string{origin, announced}, lines...) }
	from := func(origin string) []string { return []string{"Origin: " + origin, announced} }
	of := func(method string) []string { return []string{origin, "Access-Control-Request-Method: " + method} }
	for _, row := range []struct {
		name    string
		line    string
		headers []string
		is      bool
	}{
		{"preflight", "OPTIONS /x", with(), true},
		{"with what browsers send", "OPTIONS /x", with("Access-Control-Request-Headers: x-api-key", "Referer: https://a.example/", "Accept: */*", "Content-Length: 0"), true},
		{"to a URL with a query", "OPTIONS /x?api_key=S", with(), true},
		{"with a port", "OPTIONS /x", from("http://localhost:3000"), true},
		{"from an IPv6 address", "OPTIONS /x", from("http://[::1]:3000"), true},
		{"from an extension", "OPTIONS /x", from("chrome-extension://abcdefghijklmnop"), true},
		{"from an opaque origin", "OPTIONS /x", from("null"), true},
		{"of a method of one's own", "OPTIONS /x", of("PROPFIND"), true},
		{"without a method", "OPTIONS /x", []string{origin}, false},
		{"without an origin", "OPTIONS /x", []string{announced}, false},
		{"GET", "GET /x", with(), false},
		{"options in lower case", "options /x", with(), false},
		{"with a body", "OPTIONS /x", with("Content-Length: 1"), false},
		{"with a chunked body", "OPTIONS /x", with("Transfer-Encoding: chunked"), false},
		{"with Authorization", "OPTIONS /x", with("Authorization: Bearer t"), false},
		{"with empty Authorization", "OPTIONS /x", with("Authorization:"), false},
		{"with a cookie", "OPTIONS /x", with("Cookie: session=1"), false},
		{"with a key", "OPTIONS /x", with("X-Key: S"), false},
		{"with an upgrade", "OPTIONS /x", with("Connection: Upgrade", "Upgrade: websocket"), false},
		{"two origins", "OPTIONS /x", with(origin), false},
		{"two methods", "OPTIONS /x", with(announced), false},
		{"list of origins", "OPTIONS /x", from("https://a.example https://b.example"), false},
		{"origin without a scheme", "OPTIONS /x", from("x"), false},
		{"origin without a host", "OPTIONS /x", from("https://"), false},
		{"origin with a slash", "OPTIONS /x", from("https://a.example/"), false},
		{"origin with a path", "OPTIONS /x", from("https://a.example/x"), false},
		{"origin with a query", "OPTIONS /x", from("https://a.example?x"), false},
		{"origin with a fragment", "OPTIONS /x", from("https://a.example#"), false},
		{"origin with a user", "OPTIONS /x", from("https://u@a.example"), false},
		{"origin with an empty port", "OPTIONS /x", from("https://a.example:"), false},
		{"origin with a named port", "OPTIONS /x", from("https://a.example:http"), false},
		{"origin with odd characters", "OPTIONS /x", from("https://a<b>"), false},
		{"origin that is no URL", "OPTIONS /x", from("https://%zz"), false},
		{"empty origin", "OPTIONS /x", from(""), false},
		{"method with a space", "OPTIONS /x", of("GET POST"), false},
		{"list of methods", "OPTIONS /x", of("GET,POST"), false},
		{"empty method", "OPTIONS /x", of(""), false},
	} {
		keyed := func(r *http.Request) bool { return r.Header.Get("X-Key") != "" }
		if got := cors.IsPreflight(request(t, row.line, row.headers...), keyed); got != row.is {
			t.Errorf("%s: got %t", row.name, got)
		}
	}
}
