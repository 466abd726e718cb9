package server_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
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

// TestAllAddressesThatAreTakenAreNamed at once, so that nobody has to start again for each.
func TestAllAddressesThatAreTakenAreNamed(t *testing.T) {
	config := server.Config{}
	for _, name := range []string{"proxy", "verify API", "admin API"} {
		taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		address := taken.Addr().String()
		if name == "verify API" {
			_ = taken.Close() // this one is free
		} else {
			t.Cleanup(func() { _ = taken.Close() })
		}
		config.Listeners = append(config.Listeners, server.Listener{Name: name, Address: address})
	}
	s := server.New(config)
	err := s.Listen(t.Context())
	if err == nil || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), config.Listeners[0].Address) || !strings.Contains(err.Error(), config.Listeners[2].Address) || strings.Contains(err.Error(), config.Listeners[1].Address) {
		t.Errorf("it says %v", err)
	}
	again, err := new(net.ListenConfig).Listen(t.Context(), "tcp", config.Listeners[1].Address)
	if err != nil {
		t.Fatalf("what was free is still bound: %v", err)
	}
	_ = again.Close()
}
