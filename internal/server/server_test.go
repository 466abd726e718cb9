package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/bound"
	"github.com/ration-dev/ration/internal/server"
)

func get(t *testing.T, url string) (int, map[string]string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := map[string]string{}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}

func TestHealthSaysThatItLivesAndReadinessWhyNot(t *testing.T) {
	var trouble error
	s := start(t, setup{Ready: func(context.Context) error { return trouble }})
	base := "http://" + s.Addr("verify API").String()
	if status, body := get(t, base+"/readyz"); status != 200 || body["status"] != "ready" {
		t.Errorf("ready: got %d %v", status, body)
	}
	trouble = errors.New("the database is a standby")
	if status, body := get(t, base+"/readyz"); status != 503 || body["reason"] != trouble.Error() {
		t.Errorf("not ready: got %d %v", status, body)
	}
	if status, body := get(t, base+"/healthz"); status != 200 || body["status"] != "ok" {
		t.Errorf("health: got %d %v", status, body)
	}
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestStopTellsLoadBalancersAndFinishesRequestsUnderWay(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, setup{
		ShutdownDelay: 300 * time.Millisecond,
		Proxy: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			_, _ = fmt.Fprint(w, "finished")
		}),
	})
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + s.Addr("proxy").String() + "/slow")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-entered
	s.stop()
	for { // within the delay it still answers, and says that it is going
		status, body := get(t, "http://"+s.Addr("verify API").String()+"/readyz")
		if status == 503 && body["reason"] == "shutting down" {
			break
		}
	}
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestRequestBeyondTheGraceIsReported(t *testing.T) {
	entered := make(chan struct{})
	s := start(t, setup{
		ShutdownGrace: time.Millisecond,
		Proxy: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		}),
	})
	go func() {
		if response, err := http.Get("http://" + s.Addr("proxy").String()); err == nil {
			_ = response.Body.Close()
		}
	}()
	<-entered
	s.stop()
	if err := <-s.done; err == nil || !strings.Contains(err.Error(), "finishing the proxy's requests within 1ms") {
		t.Errorf("got %v", err)
	}
}

func TestTakenPortIsNamedAndNothingStaysBound(t *testing.T) {
	first := start(t, setup{})
	taken := first.Addr("verify API").String()
	second := server.New(setup{ProxyAddr: taken, Proxy: http.NotFoundHandler()}.config())
	if err := second.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), taken) {
		t.Errorf("got %v, want an error that names %s", err, taken)
	}
}

func TestAPIAnswersWhileTheProxyIsFull(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	s := start(t, setup{
		ProxyBounds: bound.Config{Connections: 1}, APIBounds: bound.Config{Connections: 1},
		Proxy: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(entered)
			<-release
		}),
	})
	url := "http://" + s.Addr("proxy").String()
	first := make(chan error, 1)
	go func() {
		response, err := http.Get(url)
		if err == nil {
			err = response.Body.Close()
		}
		first <- err
	}()
	<-entered
	if response, err := http.Get(url); err == nil {
		_ = response.Body.Close()
		t.Errorf("a second connection to the proxy got %d", response.StatusCode)
	}
	if status, _ := get(t, "http://"+s.Addr("verify API").String()+"/readyz"); status != 200 {
		t.Errorf("readiness: %d", status)
	}
	close(release)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// TestSlowBodiesAreCutOffOnBothListeners sends one byte of a body, and no more.
func TestSlowBodiesAreCutOffOnBothListeners(t *testing.T) {
	ended := make(chan error, 2)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
	})
	bounds := bound.Config{Pace: bound.Pace{BytesPerSecond: 1000, Grace: 100 * time.Millisecond}}
	s := start(t, setup{Proxy: handler, API: handler, ProxyBounds: bounds, APIBounds: bounds})
	for _, addr := range []net.Addr{s.Addr("proxy"), s.Addr("verify API")} {
		c, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err := io.WriteString(c, "POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: the body ended with %v", addr, err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s: the body is waited for", addr)
		}
	}
}

func TestHeadersBeyondTheBoundAreRefused(t *testing.T) {
	s := start(t, setup{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Addr("verify API").String()+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Padding", strings.Repeat("x", 64<<10))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d, want 431", response.StatusCode)
	}
}
