package envoy_test

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	authfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_authz/v3"
	limitfilterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ratelimit/v3"
	connectionv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	upstreamv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"

	"github.com/ration-dev/ration/rationtest"
)

var fenced = regexp.MustCompile("(?s)```yaml (cluster|filter|route)\n(.*?)```")

// documented returns the configuration that the page about Envoy shows, read as Envoy
// reads it: a name that Envoy doesn't know is an error.
func documented(t *testing.T) (clusters []*clusterv3.Cluster, filters []*connectionv3.HttpFilter, routes []*routev3.Route) {
	t.Helper()
	page, err := os.ReadFile("../../docs/ENVOY.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fenced.FindAllSubmatch(page, -1) {
		var message proto.Message
		switch string(block[1]) {
		case "cluster":
			clusters = append(clusters, new(clusterv3.Cluster))
			message = clusters[len(clusters)-1]
		case "filter":
			filters = append(filters, new(connectionv3.HttpFilter))
			message = filters[len(filters)-1]
		default:
			routes = append(routes, new(routev3.Route))
			message = routes[len(routes)-1]
		}
		text, err := yaml.YAMLToJSON(block[2])
		if err == nil {
			err = protojson.Unmarshal(text, message)
		}
		if validated, ok := message.(interface{ ValidateAll() error }); err == nil && ok {
			err = validated.ValidateAll()
		}
		if err != nil {
			t.Errorf("%s:\n%v", block[2], err)
		}
	}
	return clusters, filters, routes
}

// TestTheDocumentedConfigurationIsEnvoys, and what it makes Envoy send is admitted.
func TestTheDocumentedConfigurationIsEnvoys(t *testing.T) {
	clusters, filters, routes := documented(t)
	if len(clusters) != 1 || len(filters) != 2 || len(routes) != 2 {
		t.Fatalf("%d clusters, %d filters and %d routes", len(clusters), len(filters), len(routes))
	}
	options := new(upstreamv3.HttpProtocolOptions)
	if err := clusters[0].GetTypedExtensionProtocolOptions()["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"].UnmarshalTo(options); err != nil || options.GetExplicitHttpConfig().GetHttp2ProtocolOptions() == nil {
		t.Errorf("gRPC needs HTTP/2: %v, %v", options, err)
	}
	timeoutsOf(t, filters)

	a := newAsked(t)
	key := a.Key(rationtest.Key{Scopes: []string{"search"}})
	perRoute := new(authfilterv3.ExtAuthzPerRoute)
	if err := routes[0].GetTypedPerFilterConfig()[filters[0].GetName()].UnmarshalTo(perRoute); err != nil {
		t.Fatal(err)
	}
	victim := a.Key(rationtest.Key{})
	sent := map[string]string{"x-api-key": key.Secret.Reveal(), "x-auth-key-id": victim.ID.String()}
	answer := a.mustCheck(request{target: "/search?q=x", header: sent, extensions: perRoute.GetCheckSettings().GetContextExtensions()})
	a.wantAdmitted(answer)
	wantCodes(t, a.mustLimit(descriptorsOf(t, routes[1], passedOn(sent, answer.GetOkResponse()))...), ok, ok, ok)
	a.wantUsed(key.ID, "requests", 1)
	a.wantUsed(key.ID, "search", 2)
	a.wantUsed(key.ID, "tokens", 500)
	a.wantUsed(victim.ID, "search", 0)
}

// timeoutsOf returns how long Envoy waits for external authorization, and for the rate
// limit service. Neither may let requests pass when the time is over.
func timeoutsOf(t *testing.T, filters []*connectionv3.HttpFilter) []time.Duration {
	t.Helper()
	authorization, limits := new(authfilterv3.ExtAuthz), new(limitfilterv3.RateLimit)
	if err := filters[0].GetTypedConfig().UnmarshalTo(authorization); err != nil || authorization.GetFailureModeAllow() {
		t.Errorf("the filter lets requests pass uncounted: %v, %v", authorization, err)
	}
	if err := filters[1].GetTypedConfig().UnmarshalTo(limits); err != nil || !limits.GetFailureModeDeny() {
		t.Errorf("the filter lets requests pass uncounted: %v, %v", limits, err)
	}
	return []time.Duration{authorization.GetGrpcService().GetTimeout().AsDuration(), limits.GetTimeout().AsDuration()}
}

// passedOn returns the header that the filter after external authorization gets.
func passedOn(sent map[string]string, answer *authv3.OkHttpResponse) map[string]string {
	header := maps.Clone(sent)
	for _, option := range answer.GetHeaders() {
		header[strings.ToLower(option.GetHeader().GetKey())] = option.GetHeader().GetValue()
	}
	for _, name := range answer.GetHeadersToRemove() {
		delete(header, name)
	}
	return header
}

// descriptorsOf are what the actions of a route make of a request with a header: none
// where it lacks the field of an action.
func descriptorsOf(t *testing.T, route *routev3.Route, header map[string]string) (all []*ratelimitextension.RateLimitDescriptor) {
	t.Helper()
	for _, limit := range route.GetRoute().GetRateLimits() {
		var entries []string
		missing := false
		for _, action := range limit.GetActions() {
			switch {
			case action.GetRequestHeaders() != nil:
				value, has := header[action.GetRequestHeaders().GetHeaderName()]
				missing = missing || !has
				entries = append(entries, action.GetRequestHeaders().GetDescriptorKey(), value)
			case action.GetGenericKey() != nil:
				entries = append(entries, action.GetGenericKey().GetDescriptorKey(), action.GetGenericKey().GetDescriptorValue())
			default:
				t.Fatalf("an action that the test doesn't know: %v", action)
			}
		}
		if !missing {
			all = append(all, descriptor(entries...))
		}
	}
	return all
}
