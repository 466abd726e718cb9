package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
)

// verified has the length of an answer of the verify API about two limits.
var verified = make([]byte, 780)

// nothing has endpoints that read what they are sent and always answer the same.
type nothing struct {
	http, grpc string // addresses
	stop       func()
}

func serveNothing(ctx context.Context) (*nothing, error) {
	overHTTP, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	overGRPC, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	plain := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(verified)
	})}
	calls := grpc.NewServer()
	authv3.RegisterAuthorizationServer(calls, admits{})
	go func() { _ = plain.Serve(overHTTP) }()
	go func() { _ = calls.Serve(overGRPC) }()
	return &nothing{overHTTP.Addr().String(), overGRPC.Addr().String(), func() {
		_ = plain.Close()
		calls.Stop()
	}}, nil
}

// admits lets every request pass.
type admits struct {
	authv3.UnimplementedAuthorizationServer
}

// Check implements authv3.AuthorizationServer.
func (admits) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return &authv3.CheckResponse{HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{}}}, nil
}
