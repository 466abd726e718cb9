package gateways

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Traefik and Envoy are no packages of the system that tests run on. So these are
// gateways that do what those do with the YAML of the page: what they ask, what they take
// for a refusal, and which headers they pass on. What they do was read from their
// documentation and source (Traefik 3.7, Envoy 1.36, Envoy Gateway 1.10).

// contract is how a gateway asks.
type contract struct {
	name     string
	question func(in *http.Request, ration string) *http.Request
	admits   func(status int) bool
	admit    func(out *http.Request, answer http.Header) // changes the request to the API
	told     func(name string) bool                      // header fields of an answer that admits which reach the client
}

// start serves the contract before an API.
func (c contract) start(t *testing.T, ration, api string) gateway {
	t.Helper()
	type answerKey struct{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: api})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			c.admit(r.Out, r.In.Context().Value(answerKey{}).(http.Header))
		},
		ModifyResponse: func(r *http.Response) error {
			for name, values := range r.Request.Context().Value(answerKey{}).(http.Header) {
				if c.told(strings.ToLower(name)) {
					r.Header[name] = values
				}
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := http.DefaultTransport.RoundTrip(c.question(r, ration))
		if err != nil {
			t.Error(err)
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		defer answer.Body.Close()
		if !c.admits(answer.StatusCode) {
			for name, values := range answer.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), answerKey{}, answer.Header)))
	}))
	t.Cleanup(server.Close)
	return gateway{name: c.name, url: server.URL, played: true, silent: !c.told("ratelimit")}
}

// asked returns a question with the client's headers that pass. A client's Connection
// ends at the gateway.
func asked(in *http.Request, method, target string, passes func(name string) bool) *http.Request {
	out, err := http.NewRequestWithContext(in.Context(), method, target, nil)
	if err != nil {
		panic(err)
	}
	for name, values := range in.Header {
		if lower := strings.ToLower(name); lower != "connection" && lower != "upgrade" && lower != "content-length" && passes(lower) {
			out.Header[name] = slices.Clone(values)
		}
	}
	return out
}

// peerOf returns the address that a request comes from.
func peerOf(in *http.Request) string {
	host, _, _ := net.SplitHostPort(in.RemoteAddr)
	return host
}

func any200s(status int) bool { return status >= 200 && status < 300 }

// read reads YAML of the page.
func read(t *testing.T, section string, into any) {
	t.Helper()
	lines := placed(t, linesOf(t, section, "yaml"), nil)
	if err := yaml.UnmarshalWithOptions([]byte(lines), into, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v\n%s", section, err, lines)
	}
}

func startTraefik(t *testing.T, ration, api string) gateway {
	t.Helper()
	var file struct {
		HTTP struct {
			Middlewares struct {
				Ration struct {
					ForwardAuth struct {
						Address             string
						AuthResponseHeaders []string `yaml:"authResponseHeaders"`
					} `yaml:"forwardAuth"`
				}
				WithoutKey struct {
					Headers struct {
						CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
					}
				} `yaml:"without-key"`
			}
		} `yaml:"http"`
	}
	read(t, "Traefik", &file)
	auth := file.HTTP.Middlewares.Ration.ForwardAuth
	return contract{
		name: "Traefik", admits: any200s, told: func(string) bool { return false },
		question: func(in *http.Request, ration string) *http.Request {
			out := asked(in, http.MethodGet, strings.Replace(auth.Address, "127.0.0.1:8081", ration, 1), func(string) bool { return true })
			out.Header.Set("X-Forwarded-For", peerOf(in)) // it drops an untrusted client's
			out.Header.Set("X-Forwarded-Method", in.Method)
			out.Header.Set("X-Forwarded-Uri", in.URL.RequestURI())
			return out
		},
		admit: func(out *http.Request, answer http.Header) {
			for _, name := range auth.AuthResponseHeaders {
				out.Header.Del(name)
				if values := answer.Values(name); len(values) > 0 {
					out.Header[http.CanonicalHeaderKey(name)] = values
				}
			}
			for name, value := range file.HTTP.Middlewares.WithoutKey.Headers.CustomRequestHeaders {
				if value == "" {
					out.Header.Del(name)
				}
			}
		},
	}.start(t, ration, api)
}

// patterns are Envoy's string matchers.
type patterns struct {
	Patterns []struct {
		Exact, Prefix string
		SafeRegex     struct{ Regex string } `yaml:"safe_regex"`
	}
}

func (p patterns) match(name string) bool {
	for _, one := range p.Patterns {
		if one.Exact == name || one.Prefix != "" && strings.HasPrefix(name, one.Prefix) ||
			one.SafeRegex.Regex != "" && regexp.MustCompile("^(?:"+one.SafeRegex.Regex+")$").MatchString(name) {
			return true
		}
	}
	return false
}

func startEnvoy(t *testing.T, ration, api string) gateway {
	t.Helper()
	var filter struct {
		Name        string
		TypedConfig struct {
			Type           string   `yaml:"@type"`
			AllowedHeaders patterns `yaml:"allowed_headers"`
			HTTPService    struct {
				ServerURI             struct{ URI, Cluster, Timeout string } `yaml:"server_uri"`
				PathPrefix            string                                 `yaml:"path_prefix"`
				AuthorizationResponse struct {
					AllowedUpstreamHeaders        patterns `yaml:"allowed_upstream_headers"`
					AllowedClientHeadersOnSuccess patterns `yaml:"allowed_client_headers_on_success"`
				} `yaml:"authorization_response"`
			} `yaml:"http_service"`
		} `yaml:"typed_config"`
	}
	read(t, "Envoy", &filter)
	service := filter.TypedConfig.HTTPService
	return envoy("Envoy", service.PathPrefix, filter.TypedConfig.AllowedHeaders.match,
		service.AuthorizationResponse.AllowedUpstreamHeaders.match, service.AuthorizationResponse.AllowedClientHeadersOnSuccess.match).start(t, ration, api)
}

func startEnvoyGateway(t *testing.T, ration, api string) gateway {
	t.Helper()
	var policy struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			TargetRefs []struct{ Group, Kind, Name string } `yaml:"targetRefs"`
			ExtAuth    struct {
				HeadersToExtAuth []string `yaml:"headersToExtAuth"`
				Timeout          string
				HTTP             struct {
					BackendRefs []struct {
						Name string
						Port int
					} `yaml:"backendRefs"`
					Path             string
					HeadersToBackend []string `yaml:"headersToBackend"`
				}
			} `yaml:"extAuth"`
		}
	}
	read(t, "Kubernetes: Gateway API with Envoy Gateway", &policy)
	in := func(names []string) func(string) bool {
		return func(name string) bool { return slices.Contains(names, name) }
	}
	ext := policy.Spec.ExtAuth
	return envoy("Envoy Gateway", ext.HTTP.Path, in(ext.HeadersToExtAuth), in(ext.HTTP.HeadersToBackend), func(string) bool { return false }).start(t, ration, api)
}

// envoy is what Envoy's ext_authz filter does over HTTP.
func envoy(name, prefix string, sent, upstream, told func(string) bool) contract {
	return contract{
		name: name, told: told, admits: func(status int) bool { return status == http.StatusOK },
		question: func(in *http.Request, ration string) *http.Request {
			out := asked(in, in.Method, "http://"+ration+prefix+in.RequestURI, func(name string) bool { return name == "authorization" || sent(name) })
			if sent("x-forwarded-for") { // the page says use_remote_address: true
				out.Header.Add("X-Forwarded-For", peerOf(in))
			}
			return out
		},
		admit: func(out *http.Request, answer http.Header) {
			for name, values := range answer {
				if upstream(strings.ToLower(name)) {
					out.Header[name] = values
				}
			}
			for _, name := range strings.Split(answer.Get("X-Envoy-Auth-Headers-To-Remove"), ",") {
				out.Header.Del(strings.TrimSpace(name))
			}
		},
	}
}

func TestTheAnnotationsForIngressNginx(t *testing.T) {
	var annotations map[string]string
	read(t, "Kubernetes: ingress-nginx", &annotations)
	const prefix = "nginx.ingress.kubernetes.io/"
	asked, err := url.Parse(annotations[prefix+"auth-url"])
	if err != nil || asked.Scheme != "http" || asked.Port() != "8081" || asked.Path != "/v1/forward-auth/deny_status=403" || asked.RawQuery != "" {
		t.Errorf("auth-url is %v, %v", asked, err)
	}
	if got := annotations[prefix+"auth-response-headers"]; got != "X-Auth-Subject,X-Auth-Key-Id,X-Auth-Plan,X-Auth-Reservation" {
		t.Errorf("auth-response-headers is %q", got)
	}
	if len(annotations) != 2 {
		t.Errorf("there are annotations that nothing tests: %v", annotations)
	}
}

func TestThePageSaysWhereEnvoyFindsTheClientsAddress(t *testing.T) {
	if lines := linesOf(t, "Envoy", "yaml"); !strings.Contains(lines, "use_remote_address: true") || !strings.Contains(lines, "normalize_path: true") {
		t.Errorf("without them Envoy passes a client's own X-Forwarded-For on, and paths of two meanings:\n%s", lines)
	}
}
