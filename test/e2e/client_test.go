package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/client"
	"github.com/ration-dev/ration/internal/testdb"
	"github.com/ration-dev/ration/test/harness"
)

// TestGoClientThroughRestarts: while a server is frozen, killed and started again, each
// creation, decision and settlement of package client is made once, lists go on, and
// neither a connection nor a goroutine is left.
func TestGoClientThroughRestarts(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ration.db") },
		"PostgreSQL": func(t *testing.T) string { return testdb.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newClientRig(t, database(t))
			c.whileDown(t)
			c.instance.Start()
			c.instance.AwaitReady()
			c.refusals(t)
			c.whileFrozen(t)
			c.work(t)
			c.list(t)
			c.nothingIsLeft(t)
		})
	}
}

// Work that is done while the server is killed.
const (
	clientWorkers = 4
	clientSteps   = 5 // of each worker
)

type clientRig struct {
	instance *harness.Instance
	adminURL string
	token    client.Token // of scope admin
	verify   client.Token
	key      harness.Key
	http     *http.Client
	open     atomic.Int64 // connections
}

func newClientRig(t *testing.T, db string) *clientRig {
	harness.CLI(t, db, "migrate")
	address := harness.FreeAddr(t)
	c := &clientRig{
		instance: harness.NewInstance(t, db, harness.NewUpstream(t).URL, "--admin-listen", address, "--shutdown-grace", "2s"), adminURL: "http://" + address,
		token:  client.Token(strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "admin", "--scope", "admin", "-q"))),
		verify: client.Token(strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "verify", "--scope", "verify", "-q"))),
		key:    harness.CreateKey(t, db, "--limit", "100000/day", "--limit", "100000 tokens/day"),
	}
	c.http = &http.Client{Transport: &http.Transport{DialContext: c.dial}}
	return c
}

func (c *clientRig) dial(ctx context.Context, network, address string) (net.Conn, error) {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.open.Add(1)
	return &countedConn{Conn: connection, open: &c.open}, nil
}

// countedConn counts down once when it is closed.
type countedConn struct {
	net.Conn
	once sync.Once
	open *atomic.Int64
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func (c *clientRig) admin(t *testing.T, token client.Token, retries int) *client.Admin {
	t.Helper()
	admin, err := client.NewAdmin(client.Config{URL: c.adminURL, Token: token, HTTP: c.http, Retries: retries})
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

func (c *clientRig) verifier(t *testing.T, retries int) *client.Verifier {
	t.Helper()
	verifier, err := client.NewVerifier(client.Config{URL: c.instance.APIURL, Token: c.verify, HTTP: c.http, Retries: retries})
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

// whileDown: nothing was done, and who waits no longer than a deadline gets an error then.
func (c *clientRig) whileDown(t *testing.T) {
	if _, err := c.admin(t, c.token, -1).DisableKey(t.Context(), c.key.ID); !errors.Is(err, client.ErrUnavailable) || errors.Is(err, client.ErrOutcomeUnknown) {
		t.Errorf("a change while the server is down: %v; want that nothing was done", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.admin(t, c.token, 1_000).CreateKey(ctx, api.NewKey{Name: "late"}); err == nil || ctx.Err() == nil {
		t.Errorf("a creation with a deadline while the server is down: %v; want an error after the deadline", err)
	}
}

// whileFrozen: a server that accepts connections and answers nothing keeps nobody longer
// than a deadline, who is told what may have happened. Once it goes on, each call is made
// once, however often it was sent.
func (c *clientRig) whileFrozen(t *testing.T) {
	c.instance.Freeze()
	for name, call := range map[string]struct {
		change bool
		do     func(context.Context) error
	}{
		"a list": {false, func(ctx context.Context) error {
			_, _, err := c.admin(t, c.token, -1).ShowKey(ctx, c.key.ID)
			return err
		}},
		"a creation": {true, func(ctx context.Context) error {
			_, err := c.admin(t, c.token, -1).CreateKey(ctx, api.NewKey{Name: "frozen", Unlimited: true})
			return err
		}},
		"a decision": {true, func(ctx context.Context) error {
			_, err := c.verifier(t, -1).Verify(ctx, api.VerifyRequest{Secret: c.key.Secret, Amounts: map[string]api.Number{"tokens": "0"}}, "frozen")
			return err
		}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := call.do(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrOutcomeUnknown) != call.change {
			t.Errorf("%s while the server is frozen: %v; want the deadline, and the outcome unknown of changes alone", name, err)
		}
	}
	slow, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	answered := make(chan error, 1)
	go func() { answered <- c.step(slow, c.admin(t, c.token, 0), c.verifier(t, 0), "slow") }()
	select {
	case err := <-answered:
		t.Errorf("an answer of a server that is frozen: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	c.instance.Thaw()
	if err := <-answered; err != nil {
		t.Errorf("a server that was slow: %v", err)
	}
	if answer, err := c.verifier(t, 0).Verify(slow, api.VerifyRequest{Secret: c.key.Secret, Amounts: map[string]api.Number{"tokens": "0"}}, "frozen"); err != nil || !answer.Allowed {
		t.Errorf("a decision asked for again: %+v, %v", answer, err)
	}
}

// refusals have their codes.
func (c *clientRig) refusals(t *testing.T) {
	admin := c.admin(t, c.token, 0)
	if _, _, err := admin.ShowKey(t.Context(), "key_00000000-0000-7000-8000-000000000000"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a key that isn't there: %v", err)
	}
	if _, _, err := admin.ShowKey(t.Context(), c.key.ID); err != nil {
		t.Errorf("a key that is there: %v", err)
	}
	if _, err := admin.UpdateKey(t.Context(), c.key.ID, `"0"`, api.KeyPatch{}); !errors.Is(err, client.ErrChanged) {
		t.Errorf("a change of another version: %v", err)
	}
	for token, want := range map[client.Token]string{"rk_token_x": "token_invalid", c.verify: "token_lacks_scope"} {
		_, err := c.admin(t, token, 0).DisableKey(t.Context(), c.key.ID)
		if refused, ok := errors.AsType[*client.Error](err); !ok || refused.Code() != want {
			t.Errorf("a token that may not: %v; want %s", err, want)
		}
	}
}

// work creates keys, asks for decisions, and reserves and settles, while the server is
// killed twice and stopped once.
func (c *clientRig) work(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	admin, verifier := c.admin(t, c.token, 1_000), c.verifier(t, 1_000)
	var done atomic.Int64
	var workers sync.WaitGroup
	for worker := range clientWorkers {
		workers.Go(func() {
			for step := range clientSteps {
				name := fmt.Sprintf("made-%d-%d", worker, step)
				if err := c.step(ctx, admin, verifier, name); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				done.Add(1)
			}
		})
	}
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	for i, end := range []func(){c.instance.Kill, func() { c.instance.Stop() }, c.instance.Kill} {
		awaitCount(t, &done, int64(i*clientWorkers))
		end()
		c.instance.Start()
	}
	<-ended
	used := map[string]api.Number{}
	status, _, err := admin.ShowKey(ctx, c.key.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range status.Limits {
		used[limit.Name] = limit.Used
	}
	const steps = clientWorkers*clientSteps + 1                                                                             // with the one that was slow; another decision was asked for while frozen
	if used["requests-day"] != api.Number(fmt.Sprint(2*steps+1)) || used["tokens-day"] != api.Number(fmt.Sprint(3*steps)) { // a reservation is a request too
		t.Errorf("used %v; want %d requests and %d tokens, each once", used, 2*steps+1, 3*steps)
	}
}

func (c *clientRig) step(ctx context.Context, admin *client.Admin, verifier *client.Verifier, name string) error {
	if _, err := admin.CreateKey(ctx, api.NewKey{Name: name, Unlimited: true}); err != nil {
		return fmt.Errorf("creating: %w", err)
	}
	answer, err := verifier.Verify(ctx, api.VerifyRequest{Secret: c.key.Secret}, name)
	if err != nil || !answer.Allowed {
		return fmt.Errorf("verifying: %+v, %w", answer, err)
	}
	reserved, err := verifier.Reserve(ctx, api.ReserveRequest{VerifyRequest: api.VerifyRequest{Secret: c.key.Secret, Amounts: map[string]api.Number{"tokens": "5"}}}, name+"-reserved")
	if err != nil || reserved.Reservation == nil {
		return fmt.Errorf("reserving: %+v, %w", reserved, err)
	}
	if _, err := verifier.Settle(ctx, reserved.Reservation.ID, api.SettleRequest{Amounts: map[string]api.Number{"tokens": "3"}}); err != nil {
		return fmt.Errorf("settling: %w", err)
	}
	return nil
}

// awaitCount waits until so much was done.
func awaitCount(t *testing.T, done *atomic.Int64, want int64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); done.Load() < want; {
		if time.Now().After(deadline) {
			t.Errorf("%d steps after a minute; want %d", done.Load(), want)
			return
		}
		<-time.After(10 * time.Millisecond)
	}
}

// list goes through all keys while the server is killed in the middle: each comes once.
func (c *clientRig) list(t *testing.T) {
	seen := map[string]int{}
	for key, err := range c.admin(t, c.token, 1_000).Keys(t.Context(), client.KeyQuery{PageSize: 3}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen[key.Name]++; len(seen) == 7 {
			c.instance.Kill()
			c.instance.Start()
		}
	}
	for worker := range clientWorkers {
		for step := range clientSteps {
			if name := fmt.Sprintf("made-%d-%d", worker, step); seen[name] != 1 {
				t.Errorf("%d keys %s; want 1", seen[name], name)
			}
		}
	}
}

// nothingIsLeft: once idle connections are closed, all are, and no goroutine is in the
// client.
func (c *clientRig) nothingIsLeft(t *testing.T) {
	for deadline := time.Now().Add(20 * time.Second); ; {
		c.http.CloseIdleConnections()
		stacks := goroutinesIn("ration/client.")
		if c.open.Load() == 0 && len(stacks) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left, and %d goroutines:\n%s", c.open.Load(), len(stacks), strings.Join(stacks, "\n\n"))
		}
		<-time.After(10 * time.Millisecond)
	}
}

// goroutinesIn returns the stacks that have a function of a package in them.
func goroutinesIn(function string) (stacks []string) {
	all := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if strings.Contains(stack, function) {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}
