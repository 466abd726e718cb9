package cli_test

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/ration-dev/ration/internal/testcert"
)

// TestServeEnvoyWithACertificate from start to stop: health, a check, and their lines in
// the access log.
func TestServeEnvoyWithACertificate(t *testing.T) {
	dir := t.TempDir()
	database := "sqlite:" + filepath.Join(dir, "ration.db")
	must(t, database, "migrate")
	token := must(t, database, "tokens", "create", "envoy", "--scope", "verify")
	secret := must(t, database, "keys", "create", "ada", "--unlimited")
	cert, key := testcert.New(t, "envoy", time.Now().Add(time.Hour)).Write(t, dir)
	running := startServer(t, nil, "--db", database, "--envoy-listen", "127.0.0.1:0", "--envoy-tls-cert-file", cert, "--envoy-tls-key-file", key, "--access-log", "stdout")
	address := regexp.MustCompile(`address=(\S+)`).FindStringSubmatch(running.log.await(t, "serving Envoy"))[1]
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}))) //nolint:gosec // a certificate of its own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	if health, err := healthv1.NewHealthClient(conn).Check(t.Context(), new(healthv1.HealthCheckRequest)); health.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	check := func(ctx context.Context, header map[string]string) (*authv3.CheckResponse, error) {
		return authv3.NewAuthorizationClient(conn).Check(ctx, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{Request: &authv3.AttributeContext_Request{
			Http: &authv3.AttributeContext_HttpRequest{Method: "GET", Path: "/canary", Headers: header},
		}}})
	}
	known := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	if answer, err := check(known, map[string]string{"x-api-key": secret}); err != nil || answer.GetOkResponse() == nil {
		t.Errorf("with a key: %v, %v", answer, err)
	}
	if answer, err := check(known, nil); err != nil || answer.GetDeniedResponse().GetStatus().GetCode() != 401 {
		t.Errorf("without one: %v, %v", answer, err)
	}
	if answer, err := check(t.Context(), nil); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v, %v", answer, err)
	}

	got := running.stop()
	wants(t, got, 0)
	var lines []string
	for line := range strings.Lines(got.stdout) {
		if strings.Contains(line, "answered") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 3 || strings.Contains(got.stdout, "canary") || strings.Contains(got.stdout, secret) {
		t.Fatalf("want a line for each call but the health check, without the path:\n%s", got.stdout)
	}
	for i, want := range []string{"code=ok", "code=key_missing", "grpc_status=Unauthenticated"} {
		if !strings.Contains(lines[i], want) || strings.Contains(lines[i], "via=ext-authz-grpc") != (i < 2) || !strings.Contains(lines[i], "request_id=") != (i == 2) {
			t.Errorf("want %s in %s", want, lines[i])
		}
	}
}
