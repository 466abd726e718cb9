package inbound

// believed are the families of headers by which applications, frameworks and
// servers learn from a proxy in front of them who calls, whence, over what, or
// what for. Only a proxy may send them, so from any other peer they are dropped.
// A family is all names that begin so; one that ends in "-" ends at the end of a
// word: "X-Auth-" is X-Auth and X-Auth-User, and not X-Author.
//
// docs/INTEGRATIONS.md has the same lists for people; a test compares them.
var believed = []string{
	// The way that a request took.
	"Forwarded", "X-Forward", "X-Real-", "X-Client-IP", "X-Cluster-", "Client-IP", "True-Client-", "X-True-Client-", "X-Proxy", "Proxy-Client-", "Wl-",
	"Cf-", "Fastly-", "Fly-", "Incap-", "X-Azure-", "X-Appengine-", "X-Arr-", "X-Originating-", "X-Envoy", "X-Middleware-",
	"Cloudfront-", "X-Cloudfront-", "Akamai-", "X-Akamai-", "Ali-", "X-Ali-", "Cdn-", "X-Cdn-", "Ns-", "X-Nf-", "X-Vercel-Forwarded-", "X-Vercel-Proxied-", "X-Vercel-Ip-", "X-Sucuri-", "X-Imforwards-", "X-Waf-", "X-Trusted-", "X-Zscaler-", "Z-Forwarded-",
	"Forwarder", "Forwarding", "Originating-", "X-Custom-Ip-", "X-Remoteaddr", "Remoteaddr", "X-Client-Addr", "X-Peer-",
	"Proxy-User-", "Front-End-", "X-Url-Scheme", "X-Scheme-", "X-Ssl", "Ssl-", "X-Tls-", "X-Https-", "Https-", "Http-",

	// What is asked for.
	"X-Original", "X-Rewrite", "X-Host-", "X-Http-Host-", "X-Script-Name", "Script-Name", "X-Accel-", "X-Sendfile", "X-Invoke-", "X-Matched-", "X-Now-", "X-Override-",
	"L5d-", "X-Istio-", "Dapr-", "X-Dapr-", "Spring-Cloud-", "X-Backend-", "X-Upstream-", "X-Waws-", "Disguised-Host-", "Unencoded-Url-", "Path-Info-", "X-Path-Info-", "Request-Uri-", "X-Request-Uri", "X-Request-Url", "X-Request-Path",
	"Redirect-Url-",

	// Who calls.
	"Remote-", "X-Remote", "X-Auth-", "X-Authenticated", "X-Authentik", "X-Authelia", "X-Authorized-", "X-Webauth", "Webauth-", "X-User-", "X-Username", "X-Userid", "X-Userinfo",
	"X-Email-", "X-Role-", "X-Roles-", "X-Group-", "X-Groups-", "X-Principal-", "X-Identity-", "X-Subject-",
	"X-Consumer-", "X-Credential-", "X-Anonymous-", "X-Goog-Authenticated-", "X-Goog-Iap-", "X-Amzn-Oidc-", "X-Amzn-Mtls-", "X-Ms-Client-Principal", "X-Ms-Token-",
	"X-Endpoint-Api-", "X-Apigateway-", "X-Jwt-Assertion", "X-Jwt-Payload", "X-Jwt-Claim", "X-Id-Token", "X-Oidc-", "Oidc-", "X-Saml-", "Saml-", "Mellon-", "Shib-", "X-Shib-",
	"Eppn-", "Iv-", "Sm-", "X-Pomerium-", "X-Vouch-", "Teleport-", "Tailscale-", "Auth-User-", "X-Logged-In-",
	"X-Session-User", "X-Current-User", "X-Login-User", "X-Login-Name", "Logged-In-", "Authenticated-User", "X-Authn-", "X-Authz-", "X-Sso-User", "Sso-User", "X-Ldap-", "Ldap-", "X-Upn-", "X-Preferred-Username", "X-Given-Name-",
	"X-Claim-", "X-Claims-", "X-Permission-", "X-Permissions-", "X-Scopes-", "X-Impersonate-", "X-On-Behalf-", "Gap-Auth-", "Gap-Signature-", "Openid-", "X-Openid-",
	"X-Kong-", "X-Tyk-", "X-Wso2-", "X-Krakend-", "X-Apigee-", "X-Gateway-", "Kc-", "X-Keycloak-",

	// Whose certificate it was.
	"Client-Cert", "X-Client-Cert", "X-Client-Dn", "X-Client-Subject", "X-Client-Verif", "X-Cert", "X-Mtls-", "X-Spiffe-",
}

// endings are how headers end that tell a client's address, whoever thought of
// them. A name is dropped as those of the families are; one that begins with "-"
// begins where a word does.
var endings = []string{
	"-Ip", "-Ips", "-Ipv4", "-Ipv6", "-Ip-Address", "-Ip-Addr", "-Ipaddress", "-Ipaddr", "Client-Ip", "Real-Ip", "Remote-Ip", "Source-Ip", "Src-Ip", "User-Ip", "Peer-Ip", "Remote-Addr", "Client-Addr", "Client-Address", "Remote-Address",
}

// credentials are names in those families in which clients send something that an
// application checks, or that says nothing of who they are.
var credentials = []string{"X-Auth-Token", "X-User-Agent"}

// proxyVariable is what CGI makes of a header of this name: HTTP_PROXY, by which
// many HTTP clients are told which proxy to use (CVE-2016-5385).
const proxyVariable = "Proxy"

// framing are the headers that say where a message ends and what it is. Another
// spelling of one, such as Content_Length, is the same to CGI and its kin.
var framing = []string{
	"Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Upgrade", "Expect", "Via", "Http2-Settings",
	"Content-Type", "Content-Encoding", "Authorization", "Proxy-Authorization", "Cookie", "Idempotency-Key", "Origin",
}
