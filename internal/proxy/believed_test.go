package proxy_test

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/proxy"
	"github.com/ration-dev/ration/internal/route"
)

// claims are headers by which some application, framework or server learns who
// calls, whence or what for, in spellings that a client can choose.
var claims = []string{
	"X-Forwarded-For", "X-Forwarded-Anything", "X_Forwarded_For", "x-forwarded_proto", "X-Forward-For", "Forwarded", "X-Real-IP", "X_Real_IP", "X-Client-IP", "X-Cluster-Client-IP",
	"Client-IP", "Client_IP", "True-Client-IP", "CF-Connecting-IP", "CF-Access-Authenticated-User-Email", "Cf-Access-Jwt-Assertion", "Fastly-Client-IP", "Fly-Client-IP", "X-ProxyUser-Ip",
	"Proxy-Client-IP", "WL-Proxy-Client-IP", "WL-Proxy-SSL", "HTTP_CLIENT_IP", "Http-X-Forwarded-For", "X-Originating-IP", "X-Azure-ClientIP", "X-Appengine-User-Email", "X-ARR-ClientCert",
	"X-Envoy-External-Address", "X-Envoy-Original-Path", "X-Envoy-Internal", "Front-End-Https", "X-Url-Scheme", "X-Scheme", "X-SSL-Client-Verify", "SSL-Client-S-DN", "SSL_CLIENT_CERT", "Ssl-Client-Verify",
	"X-Original-URL", "X-Original-Host", "X-Original-Method", "X-Original-Forwarded-For", "X-Rewrite-URL", "X-Rewrite-Anything", "X-Host", "X-HTTP-Host-Override", "X-Accel-Mapping", "X-Sendfile-Type",
	"X-Middleware-Subrequest", "X-Invoke-Path", "X-Matched-Path", "X-Script-Name",
	"Remote-User", "Remote_User", "REMOTE_ADDR", "Remote-Groups", "X-Remote-User", "X_Remote_Group", "X-Remote-Extra-Scopes",
	"X-Auth-User", "X_Auth_Email", "X-Auth-Request-User", "X-Auth-Request-Access-Token", "X-Auth-Username", "X-Authenticated-User", "X-Authenticated-Userid", "X-authentik-username", "X-WEBAUTH-USER",
	"X-User", "X-User-Id", "X_User_Email", "X-Username", "X-Userinfo", "X-Consumer-Username", "X-Credential-Identifier", "X-Anonymous-Consumer", "X-Roles", "X-Groups", "X-Email",
	"X-Goog-Authenticated-User-Email", "X-Goog-Iap-Jwt-Assertion", "X-Amzn-Oidc-Identity", "X-Amzn-Mtls-Clientcert", "X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-TOKEN-AAD-ID-TOKEN",
	"X-Endpoint-API-UserInfo", "X-Apigateway-Api-Userinfo", "OIDC_CLAIM_sub", "MELLON_NAME_ID", "Shib-Session-ID", "iv-user", "SM_USER", "Tailscale-User-Login", "X-Pomerium-Claim-Email", "X-JWT-Assertion",
	"L5d-Dst-Override", "l5d_client_id", "Cdn-Src-Ip", "Cdn-Real-IP", "Ali-CDN-Real-IP", "Ns-Client-Ip", "Akamai-Client-Ip", "X-Akamai-Edgescape", "Source-Ip", "X-Source-Ip", "Cloudfront-Viewer-Address", "X-Vercel-Forwarded-For",
	"X-Nf-Client-Connection-IP", "DO-Connecting-IP", "X-Sucuri-ClientIP", "X-Anything-Client-IP", "X_Anything_Real_IP", "X-SP-Forwarded-IP", "Cluster-IP", "IP", "X-IP", "Cf-Pseudo-IPv4", "Forwarder-For", "Z-Forwarded-For",
	"X-Custom-IP-Authorization", "X-RemoteAddr", "Host-IP", "X-Ip-Address", "X-Client-Address",
	"X-Session-User", "X-Current-User", "X-Login-User", "X-SSO-User", "GAP-Auth", "X-Claims-Sub", "X-Scopes", "X-Permissions", "X-Kong-Consumer", "X-WSO2-Claims", "X-Keycloak-Username", "X-Impersonate-User",
	"X-Waws-Unencoded-Url", "Disguised-Host", "Dapr-App-Id", "spring.cloud.function.routing-expression", "X-Backend-Host", "X-Request-Uri",
	"Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-DN", "X-Client-Verified", "Proxy",
}

// forged are odd spellings of headers that say where a message ends or what it is.
var forged = []string{
	"Content_Length", "Transfer_Encoding", "Host_", "Content-Length_", "Content.Length", "Transfer-Encoding_", "Transfer--Encoding", "Te_", "Connection_", "Keep_Alive", "Upgrade_", "Trailer_",
	"Expect_", "Content_Type", "Cookie_", "Authorization_", "Http2_Settings", "Idempotency_Key", "X_Auth_Key_Id", "X_Request_Id",
}

// ordinary are headers that applications' clients send.
var ordinary = []string{
	"Accept", "Accept-Language", "User-Agent", "X-Custom", "X-Api-Version", "Idempotency-Key", "Traceparent", "Tracestate", "Baggage", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amzn-Trace-Id", "X-Goog-Api-Client",
	"X-Ms-Date", "X-Ms-Version", "X-Author", "X-Authority", "X-User-Agent", "X-Auth-Token", "X-Requested-With", "X-Csrf-Token", "X-Client-Version", "X-Client-Name", "X-Correlation-Id", "X-B3-Traceid", "X-Hub-Signature-256",
	"X-Tenant-Id", "X-Http-Foo", "X-Device-Id", "X-Users-Count", "X-Hostname", "X-Cloud-Trace-Context", "Referer", "Origin", "Cookie", "Content-Type", "If-None-Match", "Range", "Depth", "Sec-Fetch-Mode", "Dnt", "Proxy-Foo", "Remotely", "Client-Version",
	"X-Source", "X-Relationship", "X-Ship", "Tooltip", "X-Zip", "X-Ip-Version", "X-Vercel-Protection-Bypass", "X-Admin-Token", "X-Session-Id", "X-Client-Id", "X-Scope-Orgid", "X-Okta-User-Agent-Extended", "X-Request-Start", "X-Methodology",
	"Stripe-Signature", "X-Api_Key2", "Api_version", "Prefer", "X-Nextjs-Data",
}

func request(name, value string) string {
	return "GET / HTTP/1.1\r\nHost: h\r\nX-API-Key: " + canary + "\r\n" + name + ": " + value + "\r\nConnection: close\r\n\r\n"
}

// carries reports whether a value reached the upstream in any header.
func carries(header http.Header, value string) bool {
	for _, values := range header {
		if strings.Contains(strings.Join(values, "\n"), value) {
			return true
		}
	}
	return false
}

func TestClaimsOfClientsGoByWhatTheyAreCalled(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{})
	for _, name := range slices.Concat(claims, forged, ordinary) {
		response := f.raw(t, request(name, "spoofed-1"))
		if response.StatusCode != 200 {
			t.Errorf("%s: status %d", name, response.StatusCode)
			continue
		}
		all := u.received()
		if want, got := slices.Contains(ordinary, name), carries(all[len(all)-1].Header, "spoofed-1"); got != want {
			t.Errorf("%s reached the upstream: %v, want %v", name, got, want)
		}
	}
}

func TestTrustedProxiesClaimInTheUsualSpelling(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{}, trustLoopback)
	always := []string{"X-Original-URL", "X-Rewrite-URL", "Proxy", "Forwarded"} // nobody's to say; X-Forwarded-* says what Forwarded does
	for _, name := range slices.Concat(claims, forged) {
		f.raw(t, request(name, "198.51.100.7"))
		all := u.received()
		usual := regexp.MustCompile(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`).MatchString(name) && !slices.Contains(always, name)
		if got := carries(all[len(all)-1].Header, "198.51.100.7"); got != usual {
			t.Errorf("%s from a trusted proxy reached the upstream: %v, want %v", name, got, usual)
		}
	}
}

func TestNamesThatAnAPINeedsArePassedOn(t *testing.T) {
	u := newUpstream(t, nil)
	f := newFixture(t, u.URL, route.Config{}, func(c *proxy.Config) { c.PassHeaders = []string{"X-User-Id", "cf-ipcountry"} })
	for name, want := range map[string]bool{"X-User-Id": true, "x-user-id": true, "X_User_Id": false, "X-User-Email": false, "CF-IPCountry": true} {
		f.raw(t, request(name, "claimed"))
		all := u.received()
		if got := carries(all[len(all)-1].Header, "claimed"); got != want {
			t.Errorf("%s reached the upstream: %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"X-Auth-Subject", "x_auth_subject", "Host", "X-Forwarded-For", "X-Original-Url", "Proxy", "X-Request-Id", "Content-Length", "", "a b", "X_User_Id"} {
		if err := inbound.CheckPassHeaders([]string{name}); err == nil {
			t.Errorf("pass_headers took %q", name)
		} else if fault, ok := errors.AsType[*ration.InvalidError](err); !ok || fault.Field != "pass_headers" {
			t.Errorf("%q: %v", name, err)
		}
	}
}
