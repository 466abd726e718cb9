package server_test

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/server"
)

func TestAnOptionalListenerGivesWayToAnotherProgram(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for _, optional := range []bool{true, false} {
		var log bytes.Buffer
		s := server.New(server.Config{
			Listeners: []server.Listener{{Name: "side", Address: taken.Addr().String(), Optional: optional}, {Name: "main", Address: "127.0.0.1:0"}},
			Log:       slog.New(slog.NewTextHandler(&log, nil)),
		})
		err := s.Listen(t.Context())
		s.Close()
		if (err == nil) != optional || optional && (s.Addr("side") != nil || s.Addr("main") == nil || !strings.Contains(log.String(), taken.Addr().String())) {
			t.Errorf("optional %t: %v, log %s", optional, err, &log)
		}
	}
}
