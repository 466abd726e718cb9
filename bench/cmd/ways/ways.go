package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	ratelimitextension "github.com/envoyproxy/go-control-plane/envoy/extensions/common/ratelimit/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	ratelimitv3 "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/proto"
)

// questions is how many one array has.
const questions = 20

// ways returns what is measured; /v1/verify is the first, which the others are compared
// with.
func (s *server) ways(nothing *nothing, dir string) ([]way, error) {
	verify := way{name: "/v1/verify", charges: 1}
	minimal := way{name: "/v1/verify, return=minimal", charges: 1}
	array := way{name: "/v1/verify, 20 questions a call", charges: questions}
	forward := way{name: "/v1/forward-auth", charges: 1}
	check := way{name: "gRPC, external authorization", charges: 1, grpc: true}
	limit := way{name: "gRPC, rate limit service", charges: 1, grpc: true}
	emptyHTTP := way{name: "an HTTP handler that does nothing"}
	emptyGRPC := way{name: "a gRPC service that does nothing", grpc: true}
	for i, secret := range s.secrets {
		body := filepath.Join(dir, fmt.Sprintf("verify-%d", i))
		if err := os.WriteFile(body, []byte(`{"secret":"`+secret+`"}`), 0o600); err != nil {
			return nil, err
		}
		many := filepath.Join(dir, fmt.Sprintf("array-%d", i))
		if err := os.WriteFile(many, []byte("["+strings.Repeat(`{"secret":"`+secret+`"},`, questions-1)+`{"secret":"`+secret+`"}]`), 0o600); err != nil {
			return nil, err
		}
		checked, err := writeMessage(dir, fmt.Sprintf("check-%d", i), checkOf(secret))
		if err != nil {
			return nil, err
		}
		limited, err := writeMessage(dir, fmt.Sprintf("limit-%d", i), limitOf(secret))
		if err != nil {
			return nil, err
		}
		verify.calls = append(verify.calls, posted(body, "application/json", s.token, "http://"+s.API+"/v1/verify"))
		minimal.calls = append(minimal.calls, append([]string{"-Hprefer: return=minimal"}, posted(body, "application/json", s.token, "http://"+s.API+"/v1/verify")...))
		array.calls = append(array.calls, posted(many, "application/json", s.token, "http://"+s.API+"/v1/verify"))
		forward.calls = append(forward.calls, []string{
			"-HX-Forwarded-Method: GET", "-HX-Forwarded-Uri: /things?page=2", "-HX-Forwarded-For: 203.0.113.7", "-HX-Api-Key: " + secret, "http://" + s.API + "/v1/forward-auth",
		})
		check.calls = append(check.calls, posted(checked, "application/grpc", s.token, "http://"+s.Envoy+authv3.Authorization_Check_FullMethodName))
		limit.calls = append(limit.calls, posted(limited, "application/grpc", s.token, "http://"+s.Envoy+ratelimitv3.RateLimitService_ShouldRateLimit_FullMethodName))
		emptyHTTP.calls = append(emptyHTTP.calls, posted(body, "application/json", s.token, "http://"+nothing.http+"/v1/verify"))
		emptyGRPC.calls = append(emptyGRPC.calls, posted(checked, "application/grpc", s.token, "http://"+nothing.grpc+authv3.Authorization_Check_FullMethodName))
	}
	return []way{verify, minimal, array, forward, check, limit, emptyHTTP, emptyGRPC}, nil
}

func posted(file, contentType, token, url string) []string {
	return []string{"--data=" + file, "-Hcontent-type: " + contentType, "-Hte: trailers", "-Hauthorization: Bearer " + token, url}
}

// checkOf is what Envoy asks about a small request.
func checkOf(secret string) *authv3.CheckRequest {
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{Address: &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: "203.0.113.7", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 40000},
		}}}},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "1", Method: "GET", Path: "/things?page=2", Host: "api.example.com", Scheme: "https", Protocol: "HTTP/2",
			Headers: map[string]string{
				":authority": "api.example.com", ":method": "GET", ":path": "/things?page=2", ":scheme": "https", "accept": "*/*",
				"user-agent": "curl/8.5.0", "x-api-key": secret, "x-forwarded-proto": "https", "x-request-id": "6f1c1c4e-5b57-4d3f-9ff1-0f9f0c7f6b1a",
			},
		}},
	}}
}

// limitOf is what Envoy asks by a route with one descriptor.
func limitOf(secret string) *ratelimitv3.RateLimitRequest {
	return &ratelimitv3.RateLimitRequest{Domain: "api", Descriptors: []*ratelimitextension.RateLimitDescriptor{
		{Entries: []*ratelimitextension.RateLimitDescriptor_Entry{{Key: "secret", Value: secret}}},
	}}
}

// writeMessage writes a message as a call of gRPC has it: not compressed, with its length
// before it.
func writeMessage(dir, name string, message proto.Message) (string, error) {
	encoded, err := proto.Marshal(message)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(encoded))), encoded...), 0o600)
}
