package envoy_test

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/rationtest"
)

// request is what a client sends to Envoy, from an address.
type request struct {
	method, target, peer string
	header               map[string]string // lower-case names
	extensions           map[string]string
}

// message is what Envoy asks about it, as Envoy 1.30 and later send it.
func (r request) message() *authv3.CheckRequest {
	header := map[string]string{
		":authority": "api.example.com", ":method": r.method, ":path": r.target, ":scheme": "https",
		"x-forwarded-proto": "https", "x-request-id": "3f6b0000-aaaa-4aaa-8aaa-000000000001", "x-forwarded-for": r.peer,
	}
	maps.Copy(header, r.header)
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: r.peer, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 43210},
		}}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "17236472834", Method: r.method, Path: r.target, Host: "api.example.com", Scheme: "https", Protocol: "HTTP/2", Size: -1, Headers: header,
		}},
		ContextExtensions: r.extensions,
	}}
}

func (a *asked) check(r request) (*authv3.CheckResponse, error) {
	if r.method == "" {
		r.method = "GET"
	}
	if r.peer == "" {
		r.peer = "203.0.113.7"
	}
	return authv3.NewAuthorizationClient(a.conn).Check(withToken(a.Context(), "good"), r.message())
}

func (a *asked) mustCheck(r request) *authv3.CheckResponse {
	a.Helper()
	answer, err := a.check(r)
	if err != nil {
		a.Fatal(err)
	}
	return answer
}

// fields are options as a header; each is set, whatever was there.
func fields(t *testing.T, options []*corev3.HeaderValueOption) http.Header {
	t.Helper()
	header := make(http.Header)
	for _, one := range options {
		if one.GetAppendAction() != corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD {
			t.Errorf("%v is added to what the other side sent", one)
		}
		header.Add(one.GetHeader().GetKey(), one.GetHeader().GetValue())
	}
	return header
}

// wantAdmitted returns what the upstream gets of an admission.
func (a *asked) wantAdmitted(got *authv3.CheckResponse) (upstream http.Header, removed []string) {
	a.Helper()
	if got.GetOkResponse() == nil || got.GetStatus().GetCode() != int32(codes.OK) {
		a.Fatalf("%v, want an admission", got)
	}
	return fields(a.T, got.GetOkResponse().GetHeaders()), got.GetOkResponse().GetHeadersToRemove()
}

// wantDenied returns the header of a denial.
func (a *asked) wantDenied(got *authv3.CheckResponse, code codes.Code, httpStatus int, problem string) http.Header {
	a.Helper()
	denied := got.GetDeniedResponse()
	if denied == nil || got.GetStatus().GetCode() != int32(code) || int(denied.GetStatus().GetCode()) != httpStatus || !strings.Contains(denied.GetBody(), `"`+problem+`"`) {
		a.Fatalf("%v, want %v, %d and %s", got, code, httpStatus, problem)
	}
	return fields(a.T, denied.GetHeaders())
}

func TestCheckAdmitsAndSaysWhoseItIs(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{Owner: "ada", Limits: []string{"2/day"}})
	got := a.mustCheck(request{target: "/things?x=1", header: map[string]string{"x-api-key": key.Secret.Reveal(), "x-auth-subject": "root", "x-auth-plan": "gold"}})
	upstream, removed := a.wantAdmitted(got)
	if upstream.Get("X-Auth-Subject") != "ada" || upstream.Get("X-Auth-Key-Id") != key.ID.String() || upstream.Get("X-Request-Id") == "" || strings.HasPrefix(upstream.Get("X-Request-Id"), "3f6b0000") {
		t.Errorf("the upstream gets %v", upstream)
	}
	for _, name := range []string{"x-api-key", "x-auth-plan", "x-auth-reservation"} { // the secret, and what has no value
		if !slices.Contains(removed, name) {
			t.Errorf("%s is not removed: %v", name, removed)
		}
	}
	if told := fields(t, got.GetOkResponse().GetResponseHeadersToAdd()); !strings.Contains(told.Get("RateLimit"), `"requests-day";r=1`) {
		t.Errorf("the client is told %v", told)
	}
	bearer := request{target: "/things", header: map[string]string{"authorization": "Bearer " + key.Secret.Reveal()}}
	if _, removed := a.wantAdmitted(a.mustCheck(bearer)); !slices.Contains(removed, "authorization") {
		t.Errorf("authorization is not removed: %v", removed)
	}
	header := a.wantDenied(a.mustCheck(bearer), codes.ResourceExhausted, 429, "quota_exceeded")
	if header.Get("Retry-After") != "43200" || header.Get("Content-Type") != "application/problem+json" || header.Get("RateLimit") == "" {
		t.Errorf("the client is told %v", header)
	}
	a.wantUsed(key.ID, "requests", 2)
	if last := a.events[len(a.events)-1]; last.Via != envoy.ViaCheck || last.Code != ration.CodeQuotaExceeded || last.Status != 429 {
		t.Errorf("the last event is %+v", last)
	}
}

func TestCheckDenies(t *testing.T) {
	a := newAsked(t)
	key, bound := a.Key(rationtest.Key{Scopes: []string{"read"}}), a.Key(rationtest.Key{AllowedIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	with := func(secret string) map[string]string { return map[string]string{"x-api-key": secret} }
	for name, row := range map[string]struct {
		request
		code    codes.Code
		status  int
		problem string
	}{
		"no key":            {request{target: "/"}, codes.Unauthenticated, 401, "key_missing"},
		"unknown key":       {request{target: "/", header: with("nobody's")}, codes.Unauthenticated, 401, "key_unknown"},
		"two keys, joined":  {request{target: "/", header: with(key.Secret.Reveal() + "," + key.Secret.Reveal())}, codes.Unauthenticated, 401, "key_unknown"},
		"no scope":          {request{target: "/admin", header: with(key.Secret.Reveal())}, codes.PermissionDenied, 403, "insufficient_scope"},
		"no scope of Envoy": {request{target: "/", header: with(key.Secret.Reveal()), extensions: map[string]string{"scope": "write"}}, codes.PermissionDenied, 403, "insufficient_scope"},
		"other address":     {request{target: "/", peer: "198.51.100.7", header: with(bound.Secret.Reveal())}, codes.PermissionDenied, 403, "ip_not_allowed"},
		"forged address":    {request{target: "/", peer: "198.51.100.7", header: map[string]string{"x-api-key": bound.Secret.Reveal(), "x-forwarded-for": "203.0.113.9"}}, codes.PermissionDenied, 403, "ip_not_allowed"},
		"two readings":      {request{target: "/admin/..%2f", header: with(key.Secret.Reveal())}, codes.PermissionDenied, 400, "ambiguous_path"},
		"override":          {request{target: "/", header: map[string]string{"x-api-key": key.Secret.Reveal(), "x-http-method-override": "DELETE"}}, codes.PermissionDenied, 400, "ambiguous_method"},
	} {
		header := a.wantDenied(a.mustCheck(row.request), row.code, row.status, row.problem)
		if header.Get("X-Request-Id") == "" {
			t.Errorf("%s: no request id in %v", name, header)
		}
	}
	a.wantAdmitted(a.mustCheck(request{target: "/", header: with(bound.Secret.Reveal())}))
	a.wantUsed(key.ID, "requests", 0)
}

func TestContextExtensionsSayWhatIsCharged(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{Scopes: []string{"write"}})
	with := map[string]string{"x-api-key": key.Secret.Reveal()}
	a.wantAdmitted(a.mustCheck(request{target: "/search", header: with})) // 5 by the table
	a.wantAdmitted(a.mustCheck(request{target: "/search", header: with, extensions: map[string]string{"amount.search": "2", "amount.tokens": "1e1", "scope": "write"}}))
	a.wantAdmitted(a.mustCheck(request{target: "/search", header: with, extensions: map[string]string{"amount.requests": "0"}}))
	a.wantUsed(key.ID, "search", 7)
	a.wantUsed(key.ID, "tokens", 10)
	a.wantUsed(key.ID, "requests", 2)
	for _, extensions := range []map[string]string{
		{"amount": "1"}, {"amounts.tokens": "1"}, {"amount.": "1"}, {"amount.tokens": "-1"}, {"amount.tokens": "many"}, {"amount.no meter": "1"}, {"scope": ""}, {"scope": "a b"},
	} {
		if answer, err := a.check(request{target: "/", header: with, extensions: extensions}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v, %v; want InvalidArgument", extensions, answer, err)
		}
	}
	a.wantUsed(key.ID, "requests", 2)
}

// TestTheUpstreamGetsNoMoreThanByTheProxy: no secret, and nothing that a framework takes
// for what Ration or Envoy says.
func TestTheUpstreamGetsNoMoreThanByTheProxy(t *testing.T) {
	a := newAsked(t)
	secret := a.Key(rationtest.Key{Owner: "ada"}).Secret.Reveal()
	for _, target := range []string{"/health", "/things"} { // the first is free
		for _, name := range []string{"x_auth_subject", "x.auth.subject", "x-auth_key-id", "x_forwarded_for", "content_length", "x-original-url", "x-rewrite-url", "x-original-uri", "proxy"} {
			_, removed := a.wantAdmitted(a.mustCheck(request{target: target, header: map[string]string{"x-api-key": secret, name: "/admin"}}))
			if !slices.Contains(removed, name) {
				t.Errorf("%s: %s reaches the upstream; removed are %v", target, name, removed)
			}
		}
		set, removed := a.wantAdmitted(a.mustCheck(request{target: target, header: map[string]string{
			"x-api-key": secret, "x-auth-subject": "root", "x-request-id": "mine", "cookie": "a=1; k=" + secret + "; b=2", "x-copy": secret, "x-kept": "1", "user-agent": "curl",
		}}))
		if slices.Contains(removed, "x-auth-subject") == (target == "/things") || slices.Contains(removed, "x-request-id") {
			t.Errorf("%s: what Ration sets is removed: %v", target, removed)
		}
		if set.Get("Cookie") != "a=1; b=2" || !slices.Contains(removed, "x-copy") {
			t.Errorf("%s: the secret reaches the upstream; set are %v, removed %v", target, set, removed)
		}
		for _, name := range []string{"x-kept", "user-agent", "x-forwarded-for", "x-forwarded-proto", "cookie"} {
			if slices.Contains(removed, name) {
				t.Errorf("%s: %s is removed", target, name)
			}
		}
		for query, want := range map[string][]string{
			"a=1&copy=" + secret + "&b=2": {"copy"}, "c%6Fpy=" + secret: {"c%6Fpy"}, "token=" + secret + "&token=x": {"token"}, "a=1": nil, "": nil,
		} {
			got := a.mustCheck(request{target: target + "?" + query, header: map[string]string{"x-api-key": secret}})
			if a.wantAdmitted(got); !slices.Equal(got.GetOkResponse().GetQueryParametersToRemove(), want) {
				t.Errorf("%s: of the query %v are removed, want %v", target, got.GetOkResponse().GetQueryParametersToRemove(), want)
			}
		}
	}
	free := a.mustCheck(request{target: "/health?api_key=" + secret + "&a=1"}) // on others it is refused
	if a.wantAdmitted(free); !slices.Equal(free.GetOkResponse().GetQueryParametersToRemove(), []string{"api_key"}) {
		t.Errorf("the upstream gets the key: %v", free)
	}
}

func TestAFreeRouteNeedsNoKey(t *testing.T) {
	a := newAsked(t)
	upstream, removed := a.wantAdmitted(a.mustCheck(request{target: "/health", header: map[string]string{"x-auth-subject": "root"}}))
	if upstream.Get("X-Auth-Subject") != "" || !slices.Contains(removed, "x-auth-subject") || !slices.Contains(removed, "x-auth-key-id") {
		t.Errorf("the upstream gets %v, without %v", upstream, removed)
	}
	if last := a.events[len(a.events)-1]; last.Code != "free" || last.Via != envoy.ViaCheck {
		t.Errorf("the last event is %+v", last)
	}
}

func TestWithoutADatabaseCheckAnswers503(t *testing.T) {
	a := newAsked(t)
	key := a.Key(rationtest.Key{})
	a.BreakStore()
	if header := a.wantDenied(a.mustCheck(request{target: "/", header: map[string]string{"x-api-key": key.Secret.Reveal()}}), codes.Unavailable, 503, "store_unavailable"); header.Get("Retry-After") == "" {
		t.Errorf("no Retry-After in %v", header)
	}
}

// TestARequestThatCannotBeIsRefused, and is no error: Envoy lets requests pass after one if
// its failure_mode_allow says so.
func TestARequestThatCannotBeIsRefused(t *testing.T) {
	a := newAsked(t)
	client := authv3.NewAuthorizationClient(a.conn)
	for name, message := range map[string]*authv3.CheckRequest{
		"nothing of it":    {Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{Http: new(authv3.AttributeContext_HttpRequest)}}},
		"no method":        request{target: "/"}.message(),
		"no path":          request{method: "GET"}.message(),
		"a relative path":  request{method: "GET", target: "things"}.message(),
		"a path of two":    request{method: "GET", target: "/a b"}.message(),
		"a method of two":  request{method: "GET /", target: "/"}.message(),
		"an end of a line": request{method: "GET", target: "/\r\nx-api-key: a"}.message(),
		"a broken escape":  request{method: "GET", target: "/x%zz"}.message(),
		"a free route":     request{method: "GET", target: "/health%"}.message(),
	} {
		answer, err := client.Check(withToken(t.Context(), "good"), message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		header := a.wantDenied(answer, codes.PermissionDenied, 400, "invalid_original_request")
		if header.Get("X-Request-Id") == "" || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: the client is told %v", name, header)
		}
	}
	if last := a.events[len(a.events)-1]; last.Via != envoy.ViaCheck || last.Code != "invalid_original_request" || last.Status != 400 {
		t.Errorf("the last event is %+v", last)
	}
}

func TestAQuestionWithoutARequestIsAnError(t *testing.T) {
	a := newAsked(t)
	client := authv3.NewAuthorizationClient(a.conn)
	for name, message := range map[string]*authv3.CheckRequest{
		"nothing":           {},
		"no request":        {Attributes: &authv3.AttributeContext{}},
		"none of HTTP":      {Attributes: &authv3.AttributeContext{Request: new(authv3.AttributeContext_Request)}},
		"an unknown option": request{method: "GET", target: "/", extensions: map[string]string{"cost": "1"}}.message(),
	} {
		if answer, err := client.Check(withToken(t.Context(), "good"), message); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v, %v; want InvalidArgument", name, answer, err)
		}
	}
	if _, err := client.Check(t.Context(), request{method: "GET", target: "/health"}.message()); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
}
