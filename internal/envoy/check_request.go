package envoy

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/numeral"
)

// requestOf returns the request that Envoy asks about, as a server would have received it.
// Its peer is Envoy's. If there can be no such request, the error is an [inbound.Fault],
// and what is returned has all but the method and the path: a client may have sent them,
// so it gets an answer. If Envoy sends none, the error is a [ration.InvalidError].
func requestOf(ctx context.Context, attributes *authv3.AttributeContext) (*http.Request, error) {
	in := attributes.GetRequest().GetHttp()
	if in == nil {
		return nil, invalid("attributes.request.http", "a check needs the request that it is about")
	}
	asked := (&http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, RequestURI: "/",
		Host: in.GetHost(), Header: headerOf(in), RemoteAddr: peerOf(attributes.GetSource()),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	original, err := inbound.Original(asked, in.GetMethod(), in.GetPath()) // with the query
	if err != nil {
		return asked, err
	}
	return original, nil
}

// headerOf returns the header of a request. Envoy sends it in one of two forms; in the
// first, a field that came several times is one, with commas.
func headerOf(in *authv3.AttributeContext_HttpRequest) http.Header {
	header := make(http.Header, len(in.GetHeaders()))
	add := func(name, value string) {
		if !strings.HasPrefix(name, ":") { // of HTTP/2: the method, the path …
			header.Add(name, value)
		}
	}
	for name, value := range in.GetHeaders() {
		add(name, value)
	}
	for _, field := range in.GetHeaderMap().GetHeaders() {
		value := field.GetValue()
		if value == "" {
			value = string(field.GetRawValue())
		}
		add(field.GetKey(), value)
	}
	return header
}

// peerOf returns who is connected to Envoy; empty: nobody knows.
func peerOf(source *authv3.AttributeContext_Peer) string {
	socket := source.GetAddress().GetSocketAddress()
	addr, err := netip.ParseAddr(socket.GetAddress())
	if err != nil {
		return ""
	}
	return netip.AddrPortFrom(addr, uint16(socket.GetPortValue()&0xffff)).String()
}

// The names of context extensions: what Envoy's route says of a request, in place of what
// the route of Ration's own table says.
const (
	extensionScope  = "scope"   // that the key must have
	extensionAmount = "amount." // and a meter: what is charged
)

// extensions are what a route of Envoy's says of its requests.
type extensions struct {
	amounts []ration.Amount // nil: nothing
	scope   string          // empty: nothing
}

// readExtensions takes none that it doesn't know: a misspelt amount must not cost one
// request.
func readExtensions(all map[string]string) (found extensions, err error) {
	for name, value := range all {
		meter, isAmount := strings.CutPrefix(name, extensionAmount)
		switch {
		case isAmount:
			number, err := numeral.Parse(value)
			if err != nil {
				return found, invalid("context_extensions."+shortened(name), err.Error())
			}
			if err := ration.ValidateMeter(meter); err != nil {
				return found, invalid("context_extensions."+shortened(name), reasonOf(err))
			}
			found.amounts = append(found.amounts, number.Amount(meter))
		case name == extensionScope:
			if err := ration.ValidateScope(value); err != nil {
				return found, invalid("context_extensions.scope", reasonOf(err))
			}
			found.scope = value
		default:
			return found, invalid("context_extensions", "use amount.<meter>, such as amount.tokens, and scope; "+strconv.Quote(shortened(name))+" is neither")
		}
	}
	slices.SortFunc(found.amounts, func(a, b ration.Amount) int { return ration.CompareMeters(a.Meter, b.Meter) })
	return found, nil
}

// shortened is a name that Envoy's configuration has, for a message.
func shortened(name string) string { return strings.ToValidUTF8(name[:min(len(name), 64)], "") }
