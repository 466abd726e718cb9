package e2e_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

// hostileAdmin is an instance whose admin API is attacked.
type hostileAdmin struct {
	*harness.Instance
	addr, token, verify string // verify is a token for decisions
	key                 harness.Key
}

func newHostileAdmin(t *testing.T, more ...string) hostileAdmin {
	t.Helper()
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	key := harness.CreateKey(t, db)
	a := hostileAdmin{
		addr: harness.FreeAddr(t), key: key,
		token:  strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "admin", "--scope", "admin", "--quiet")),
		verify: strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "gateway", "--scope", "verify", "--quiet")),
	}
	a.Instance = harness.NewInstance(t, db, harness.NewUpstream(t).URL, append(more, "--admin-listen", a.addr)...)
	a.Start()
	a.AwaitReady()
	return a
}

// head begins a request on a connection of its own.
func (a *hostileAdmin) head(t *testing.T, lines ...string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 20 * time.Second}).DialContext(t.Context(), "tcp", a.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(60 * time.Second))
	lines = append(lines, "Host: "+a.addr, "Authorization: Bearer "+a.token, "Content-Type: application/json", "", "")
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")); err != nil {
		t.Fatal(err)
	}
	return conn
}

func status(t *testing.T, conn net.Conn) int {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// stillServes fails unless decisions are made at once, and administration goes on as soon
// as the server has seen that the attackers have gone.
func (a *hostileAdmin) stillServes(t *testing.T) {
	t.Helper()
	a.decides(t)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got, err := ask(t, http.MethodGet, "http://"+a.addr+"/v1/admin/keys/"+a.key.ID, a.token, "")
		if got == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("administration: %d, %v", got, err)
		}
	}
}

func (a *hostileAdmin) decides(t *testing.T) {
	t.Helper()
	if got, err := ask(t, http.MethodPost, a.APIURL+"/v1/verify", a.verify, `{"secret":"`+a.key.Secret+`"}`); got != http.StatusOK {
		t.Errorf("verify: %d, %v", got, err)
	}
}

func ask(t *testing.T, method, url, token, body string) (status int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// A body that is too large is refused before it has come, announced or not.
func TestLargeBodiesOfAdministrationAreRefusedUnread(t *testing.T) {
	a := newHostileAdmin(t)
	const size = 10 << 20
	for name, body := range map[string]struct {
		header string
		send   func(io.Writer) error
	}{
		"announced": {fmt.Sprintf("Content-Length: %d", size), func(io.Writer) error { return nil }},
		"chunked": {"Transfer-Encoding: chunked", func(w io.Writer) error {
			piece := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat(" ", 64<<10))
			for range size / (64 << 10) {
				if _, err := io.WriteString(w, piece); err != nil {
					return err // it has stopped reading
				}
			}
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := a.head(t, "POST /v1/admin/keys HTTP/1.1", body.header)
			go func() { _ = body.send(conn) }()
			if got := status(t, conn); got != http.StatusRequestEntityTooLarge {
				t.Errorf("%d; want 413", got)
			}
		})
	}
	a.stillServes(t)
}

// A body that comes too slowly ends with its connection, and others don't wait for it.
func TestSlowBodiesOfAdministrationEnd(t *testing.T) {
	a := newHostileAdmin(t, "--min-rate-grace", "1s")
	conn := a.head(t, "POST /v1/admin/keys HTTP/1.1", "Content-Length: 1000")
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
				if _, err := io.WriteString(conn, " "); err != nil {
					return
				}
			}
		}
	}()
	a.stillServes(t)
	answer, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("after a minute the connection is open still; it sent %q", answer)
	}
	if len(answer) > 0 && !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") {
		t.Errorf("%q; want 408 or the end of the connection", answer)
	}
}

// Many lists at once, whose answers nobody reads, hold up neither decisions nor, once they
// have gone, administration.
func TestManyOpenListsHoldUpNothing(t *testing.T) {
	a := newHostileAdmin(t, "--min-rate-grace", "5s")
	var open sync.WaitGroup
	var conns atomic.Int64
	stop := make(chan struct{})
	slots := make(chan struct{}, 200) // connections that begin at once
	for range openLists {
		slots <- struct{}{}
		open.Go(func() {
			conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", a.addr)
			<-slots
			if err != nil {
				return // it was not let in
			}
			defer func() { _ = conn.Close() }()
			conns.Add(1)
			_, _ = fmt.Fprintf(conn, "GET /v1/admin/keys?limit=1000&cursor= HTTP/1.1\r\nHost: %s\r\nX-Request-Id: %s\r\nAuthorization: Bearer %s\r\n\r\n", a.addr, rand.Text(), a.token)
			<-stop
		})
	}
	a.decides(t)
	close(stop)
	open.Wait()
	if conns.Load() == 0 {
		t.Fatal("not one list was asked for")
	}
	a.stillServes(t)
}
