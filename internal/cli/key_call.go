package cli

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/route"
)

// sayCall ends the creation of a key with a curl line that uses it, where and how the
// settings say.
func (a *app) sayCall(settings config.Config, secret ration.Secret) {
	if a.format != formatTable {
		return // a program reads it
	}
	if asksServer(settings) {
		return // whose other addresses nobody here knows
	}
	text, quote := secret.Reveal(), "'"
	if !sameStream(a.stdout, a.stderr) { // the other one may go to a log
		text, quote = "$SECRET", `"`
	}
	call, when := proxyCall, "once 'ration serve' runs"
	switch {
	case settings.Upstream == nil && settings.File != "":
		call, when = verifyCall, "once 'ration serve' runs, with a token from 'ration tokens create NAME --scope verify'"
	case settings.Upstream == nil:
		when = "once 'ration serve --upstream URL' runs in front of your API"
	}
	if line := call(settings, text, quote); line != "" {
		a.say("\nUse it, %s:\n  %s", when, line)
	}
}

// proxyCall calls the API through the proxy. It is empty if nobody knows the port yet.
func proxyCall(settings config.Config, secret, quote string) string {
	url := urlOf(settings.Listen, settings.TLS)
	if url == "" {
		return ""
	}
	method, path := firstCall(settings.Routes)
	if method != "" {
		method = " -X " + method
	}
	if strings.EqualFold(settings.KeyHeader, "Authorization") {
		secret = "Bearer " + secret
	}
	return fmt.Sprintf("curl -i%s %s%s -H %s%s: %s%s", method, url, path, quote, settings.KeyHeader, secret, quote)
}

// verifyCall asks the verify API, as the user's API does where no proxy runs.
func verifyCall(settings config.Config, secret, quote string) string {
	url := urlOf(settings.APIListen, settings.APITLS)
	if url == "" {
		return ""
	}
	body := fmt.Sprintf(`{"secret": "%s"}`, secret)
	if quote == `"` {
		body = strings.ReplaceAll(body, `"`, `\"`)
	}
	return fmt.Sprintf(`curl -i %s/v1/verify -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d %s%s%s`, url, quote, body, quote)
}

// firstCall returns the first path of the routes that needs a key and can be called as
// it is written, and its method, empty for GET. Without such a route, it is any path.
func firstCall(routes route.Config) (method, path string) {
	for i := range routes.Routes {
		r := &routes.Routes[i]
		if r.Free || strings.ContainsAny(r.Path, "*{:") {
			continue
		}
		if len(r.Methods) > 0 && !slices.Contains(r.Methods, "GET") {
			method = r.Methods[0]
		}
		return method, r.Path
	}
	return "", "/"
}

// urlOf returns how a listener is called from this machine, and "" if the system
// chooses its port. With TLS the name is one that the certificate is for.
func urlOf(listen string, certificate certfile.Files) string {
	address, err := reachable(listen)
	if err != nil {
		return ""
	}
	if !certificate.IsZero() {
		host, port, _ := net.SplitHostPort(address) // reachable has joined them
		address = net.JoinHostPort(cmp.Or(certificate.Name(), host), port)
	}
	return scheme(certificate) + "://" + address
}

// sameStream reports whether two streams lead to the same place, so that whoever sees
// the one sees the other.
func sameStream(a, b io.Writer) bool {
	first, ok := a.(*os.File)
	second, ok2 := b.(*os.File)
	if !ok || !ok2 {
		return a == b
	}
	info, err := first.Stat()
	info2, err2 := second.Stat()
	return err == nil && err2 == nil && os.SameFile(info, info2)
}
