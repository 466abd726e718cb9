package integrations_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/bearer"
	"github.com/ration-dev/ration/internal/envoy"
	"github.com/ration-dev/ration/internal/inbound"
	"github.com/ration-dev/ration/internal/route"
	"github.com/ration-dev/ration/rationhttp"
	"github.com/ration-dev/ration/rationtest"
)

// callEnvoys serves the services that Envoy asks, and calls them as it does.
func callEnvoys(t *testing.T, charger rationhttp.Charger, q question, call func(ctx context.Context, conn *grpc.ClientConn)) {
	t.Helper()
	table, err := route.Compile(route.Config{Routes: []route.Route{{Path: "/", Amounts: q.amounts, Scope: q.scope}}})
	if err != nil {
		t.Fatal(err)
	}
	server := envoy.NewServer(envoy.Config{
		Gate:    rationhttp.Gate{Charger: charger, TrustedProxies: rationhttp.TrustedProxies{netip.MustParsePrefix("127.0.0.1/32")}},
		Inbound: inbound.Config{Routes: table}, Callers: bearer.New(anyToken{}),
	})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve = %v", err)
		}
	}()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	call(metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer service-token"), conn)
}

func askCheck(t *testing.T, charger rationhttp.Charger, q question) (got answer) {
	t.Helper()
	header := map[string]string{":method": "GET", ":path": "/", ":authority": "example.com"}
	if q.secret != "" {
		header["x-api-key"] = q.secret
	}
	if q.ip.IsValid() {
		header["x-forwarded-for"] = q.ip.String()
	}
	asked := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: "127.0.0.1", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 40000},
		}}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{Method: "GET", Path: "/", Headers: header}},
	}}
	callEnvoys(t, charger, q, func(ctx context.Context, conn *grpc.ClientConn) {
		said, err := authv3.NewAuthorizationClient(conn).Check(ctx, asked)
		if err != nil {
			t.Fatal(err)
		}
		denied := said.GetDeniedResponse()
		got = answer{Status: http.StatusOK, Body: denied.GetBody(), Fields: map[string]string{}, spoken: said.String()}
		told := said.GetOkResponse().GetResponseHeadersToAdd()
		if denied != nil {
			got.Status, told = int(denied.GetStatus().GetCode()), denied.GetHeaders()
		}
		for _, option := range told {
			got.Fields[http.CanonicalHeaderKey(option.GetHeader().GetKey())] = option.GetHeader().GetValue()
		}
	})
	return got
}

// TestTheRateLimitServiceDecidesTheSame, although it can't say so with the same status.
func TestTheRateLimitServiceDecidesTheSame(t *testing.T) {
	f := rationtest.New(t, rationtest.Options{})
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			defer f.MendStore()
			want := askInScene(t, f, ways[0], scene)
			q := scene.set(f)
			callEnvoys(t, f.Engine, q, func(ctx context.Context, conn *grpc.ClientConn) {
				said, err := ratelimitv3.NewRateLimitServiceClient(conn).ShouldRateLimit(ctx, &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: q.descriptors()})
				if scene.status == http.StatusServiceUnavailable {
					if status.Code(err) != codes.Unavailable {
						t.Errorf("%v, want Unavailable", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if admitted := said.GetOverallCode() == ratelimitv3.RateLimitResponse_OK; admitted != (scene.status == http.StatusOK) {
					t.Errorf("%v, want as with status %d", said, scene.status)
				}
				got := make(map[string]string)
				for _, field := range said.GetResponseHeadersToAdd() {
					got[http.CanonicalHeaderKey(field.GetKey())] = field.GetValue()
				}
				for _, name := range []string{"Ratelimit", "Ratelimit-Policy", "Retry-After"} {
					if got[name] != want.Fields[name] {
						t.Errorf("%s is %q, want %q", name, got[name], want.Fields[name])
					}
				}
				if scene.code != "" && !contains(string(said.GetRawBody()), `"code":"`+scene.code+`"`) || q.secret != "" && contains(said.String(), q.secret) {
					t.Errorf("said %v, want %s", said, scene.code)
				}
			})
		})
	}
}

// descriptors ask for what a request of the question's route costs.
func (q question) descriptors() (all []*ratelimitextension.RateLimitDescriptor) {
	about := func(meter, amount string) {
		d := new(ratelimitextension.RateLimitDescriptor)
		for _, entry := range [][2]string{{"secret", q.secret}, {"meter", meter}, {"amount", amount}, {"scope", q.scope}, {"remote_address", text(q.ip)}} {
			if entry[1] != "" || entry[0] == "secret" {
				d.Entries = append(d.Entries, &ratelimitextension.RateLimitDescriptor_Entry{Key: entry[0], Value: entry[1]})
			}
		}
		all = append(all, d)
	}
	if _, named := q.amounts[ration.MeterRequests]; !named {
		about(ration.MeterRequests, "1")
	}
	for meter, amount := range q.amounts {
		about(meter, amount.Text())
	}
	return all
}

func text(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.String()
}
