package bound_test

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ration-dev/ration/internal/bound"
)

func TestConnectionsThatAreInUseAreBounded(t *testing.T) {
	for _, row := range []struct {
		name   string
		config bound.Config
		addr   func(i int) string // of the client
		let    int                // of ten at once
		reason bound.Reason
	}{
		{"in all", bound.Config{Connections: 3}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, 3, bound.TooMany},
		{"in all, of loopback", bound.Config{Connections: 3, PerAddress: 1}, func(int) string { return "127.0.0.1" }, 3, bound.TooMany},
		{"of one address", bound.Config{PerAddress: 2}, func(int) string { return "203.0.113.7" }, 2, bound.TooManyOfAddress},
		{"of one network of IPv6", bound.Config{PerAddress: 2}, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }, 2, bound.TooManyOfAddress},
		{"of several addresses", bound.Config{PerAddress: 2}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i/2) }, 10, ""},
		{"of several networks of IPv6", bound.Config{PerAddress: 2}, func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i/2) }, 10, ""},
		{"of loopback", bound.Config{PerAddress: 1}, func(int) string { return "127.0.0.1" }, 10, ""},
		{"of loopback in IPv6", bound.Config{PerAddress: 1}, func(int) string { return "::1" }, 10, ""},
		{"of a proxy that is trusted", bound.Config{PerAddress: 1, Exempt: func(a netip.Addr) bool { return a == netip.MustParseAddr("10.0.0.1") }}, func(int) string { return "10.0.0.1" }, 10, ""},
		{"not at all", bound.Config{}, func(int) string { return "203.0.113.7" }, 10, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release, inner, refused := make(chan struct{}), newPipes(), &refusals{}
				row.config.Refused = refused.note
				serve(t, inner, row.config, func(w http.ResponseWriter, r *http.Request) {
					<-release
					ok(w, r)
				})
				answers := make(chan bool, 10)
				for i := range 10 {
					client := inner.dial(t, row.addr(i))
					go func() { answers <- get(client) }()
				}
				synctest.Wait()
				if len(answers) != 10-row.let {
					t.Errorf("%d were refused, want %d", len(answers), 10-row.let)
				}
				if refused.count(row.reason) != 10-row.let {
					t.Errorf("reasons: %v", refused.reasons)
				}
				close(release)
				synctest.Wait()
				let := 0
				for range 10 {
					if <-answers {
						let++
					}
				}
				if let != row.let {
					t.Errorf("%d were let, want %d", let, row.let)
				}
			})
		})
	}
}

// TestIdleConnectionsMakeRoom has as many as may be open, which carry nothing.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	for _, row := range []struct {
		name   string
		config bound.Config
		// which of two idle connections of one address and one of another stay when
		// the first address begins one more
		stay [3]bool
	}{
		{"in all", bound.Config{Connections: 3}, [3]bool{false, true, true}},
		{"of the address", bound.Config{PerAddress: 2}, [3]bool{true, false, true}},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := newPipes()
				serve(t, inner, row.config, ok)
				other := inner.dial(t, "203.0.113.8")
				mine := []net.Conn{inner.dial(t, "203.0.113.7"), inner.dial(t, "203.0.113.7")}
				idle := []net.Conn{other, mine[0], mine[1]}
				for i, c := range idle {
					if !get(c) {
						t.Fatalf("connection %d is not served", i)
					}
					synctest.Wait()
				}
				if !get(inner.dial(t, "203.0.113.7")) {
					t.Error("a new connection was refused while others were idle")
				}
				synctest.Wait()
				for i, c := range idle {
					if got := get(c); got != row.stay[i] {
						t.Errorf("connection %d goes on: %t", i, got)
					}
					synctest.Wait()
				}
			})
		})
	}
}

func TestNewConnectionsAreBoundedByTheSecond(t *testing.T) {
	for _, row := range []struct {
		name             string
		config           bound.Config
		addr             func(i int) string
		atOnce, inSecond int
		reason           bound.Reason
	}{
		{"of one address", bound.Config{NewPerAddress: 10}, func(int) string { return "203.0.113.7" }, 50, 10, bound.TooFastForAddress},
		{"of one network", bound.Config{NewPerAddress: 10}, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }, 50, 10, bound.TooFastForAddress},
		{"in all", bound.Config{New: 10}, func(i int) string { return fmt.Sprintf("203.0.113.%d", i%200) }, 10, 10, bound.TooFast},
		{"in all, of loopback", bound.Config{New: 10, NewPerAddress: 1}, func(int) string { return "127.0.0.1" }, 10, 10, bound.TooFast},
		{"not of loopback", bound.Config{NewPerAddress: 1}, func(int) string { return "127.0.0.1" }, 200, 200, bound.TooFastForAddress},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner, refused := newPipes(), &refusals{}
				row.config.Refused = refused.note
				serve(t, inner, row.config, ok)
				for _, want := range []int{row.atOnce, row.inSecond} {
					let := 0
					for i := range 200 {
						client := inner.dial(t, row.addr(i))
						if get(client) {
							let++
						}
						_ = client.Close()
					}
					if let != want {
						t.Errorf("%d were let, want %d", let, want)
					}
					time.Sleep(time.Second)
				}
				if want := 400 - row.atOnce - row.inSecond; refused.count(row.reason) != want {
					t.Errorf("%d refused, want %d", refused.count(row.reason), want)
				}
			})
		})
	}
}

// TestConnectionsOfASocketAreCountedOut opens and ends them in all ways, many times
// more than may be open.
func TestConnectionsOfASocketAreCountedOut(t *testing.T) {
	inner := listen(t)
	refused := &refusals{}
	serve(t, inner, bound.Config{Connections: 2, Refused: refused.note}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
		ok(w, r)
	})
	dial := func() net.Conn {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for i := range 60 {
		c := dial()
		switch i % 3 {
		case 0:
			get(c)
		case 1:
			_, _ = c.Write([]byte("GET /panic HTTP/1.1\r\nHost: x\r\n\r\n"))
			_, _ = c.Read(make([]byte, 1))
		}
		_ = c.Close()
	}
	for deadline := time.Now().Add(30 * time.Second); ; { // the last ones may be about to go
		c := dial()
		served := get(c)
		_ = c.Close()
		if served {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("connections that have ended are still counted")
		}
	}
}
