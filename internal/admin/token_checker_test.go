package admin_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// checker makes a checker that is closed with the test.
func (o *office) checker(tokens admin.Tokens, config admin.Config) *admin.TokenChecker {
	checker := admin.NewTokenChecker(tokens, config)
	o.Cleanup(func() {
		if err := checker.Close(context.Background()); err != nil {
			o.Error(err)
		}
	})
	return checker
}

func TestCheckToken(t *testing.T) {
	o := open(t)
	checker := o.checker(o.store, admin.Config{})
	gateway, ending := o.token("gateway", admin.ScopeVerify), o.token("ending", admin.ScopeVerify)
	gone := o.token("gone", admin.ScopeVerify)
	if _, err := o.RevokeToken(t.Context(), actor, "gone"); err != nil {
		t.Fatal(err)
	}
	key := o.create(admin.NewKey{})
	for _, row := range []struct {
		name  string
		token ration.Secret
		scope string
		want  error // nil: none
		lacks bool  // the scope
	}{
		{"valid", gateway.Secret, "verify", nil, false},
		{"another one's scope", gateway.Secret, "admin", nil, true},
		{"another valid one", ending.Secret, "verify", nil, false},
		{"revoked", gone.Secret, "verify", admin.ErrTokenInvalid, false},
		{"none", ration.Secret{}, "verify", admin.ErrTokenInvalid, false},
		{"unknown", ration.NewSecret("rk_token"), "verify", admin.ErrTokenInvalid, false},
		{"misspelt", ration.SecretFromText(gateway.Secret.Reveal() + "x"), "verify", admin.ErrTokenInvalid, false},
		{"too long", ration.SecretFromText(string(make([]byte, 513))), "verify", admin.ErrTokenInvalid, false},
		{"a key's secret", key.Secret, "verify", admin.ErrTokenInvalid, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			token, err := checker.Check(t.Context(), row.token, row.scope)
			lacking, lacks := errors.AsType[*admin.TokenScopeError](err)
			if lacks != row.lacks || lacks && lacking.Scope != row.scope || !lacks && !errors.Is(err, row.want) {
				t.Errorf("error %v; want %v, and that the scope is missing: %t", err, row.want, row.lacks)
			}
			if (err == nil) != (token.Name != "") {
				t.Errorf("token %+v with the error %v", token, err)
			}
		})
	}
}

func TestTokenEnds(t *testing.T) {
	o := open(t)
	end := noon.Add(time.Hour)
	issued, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "a", Scopes: []string{"read"}, ExpiresAt: end})
	if err != nil {
		t.Fatal(err)
	}
	checker := o.checker(o.store, admin.Config{})
	o.set(end.Add(-time.Second))
	if token, err := checker.Check(t.Context(), issued.Secret, "read"); err != nil || token.ID != issued.Token.ID {
		t.Errorf("before its end: %+v, %v", token, err)
	}
	o.set(end)
	if _, err := checker.Check(t.Context(), issued.Secret, "read"); !errors.Is(err, admin.ErrTokenInvalid) {
		t.Errorf("at its end: %v", err)
	}
}

func TestPepperAndPrefixOfTokens(t *testing.T) {
	o := open(t)
	config := admin.Config{SecretPrefix: "acme", Pepper: []byte("0123456789abcdef")}
	issued, err := admin.New(o.store, config).CreateToken(t.Context(), actor, admin.NewToken{Name: "a", Scopes: []string{"read"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.checker(o.store, config).Check(t.Context(), issued.Secret, "read"); err != nil {
		t.Error(err)
	}
	if _, err := o.checker(o.store, admin.Config{}).Check(t.Context(), issued.Secret, "read"); !errors.Is(err, admin.ErrTokenInvalid) {
		t.Errorf("without the pepper: %v", err)
	}
}

// gatedTokens holds every read until a test lets it go.
type gatedTokens struct {
	admin.Tokens
	reads chan int // how many digests a read asks for
	open  chan error
}

func (g *gatedTokens) TokensByDigest(_ context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	g.reads <- len(digests)
	err := <-g.open
	return make([]admin.Token, len(digests)), time.Time{}, err
}

// TestChecksShareReadsThatStartAfterThem: while the first read is under way the
// others wait, and then have one read together.
func TestChecksShareReadsThatStartAfterThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &gatedTokens{reads: make(chan int, 10), open: make(chan error)}
		checker := admin.NewTokenChecker(gate, admin.Config{})
		var checks sync.WaitGroup
		var failures []error
		var mu sync.Mutex
		check := func() {
			_, err := checker.Check(context.Background(), ration.NewSecret("rk_token"), "read")
			mu.Lock()
			defer mu.Unlock()
			failures = append(failures, err)
		}
		checks.Go(check)
		synctest.Wait() // the first read is under way
		for range 7 {
			checks.Go(check)
		}
		synctest.Wait()
		if first := <-gate.reads; first != 1 || len(gate.reads) != 0 {
			t.Errorf("the first read asks for %d and %d more have begun; want 1 and 0", first, len(gate.reads))
		}
		gate.open <- nil
		synctest.Wait()
		if second := <-gate.reads; second != 7 {
			t.Errorf("the second read asks for %d; want 7", second)
		}
		gate.open <- errors.New("the database is gone")
		checks.Wait()
		unavailable := 0
		for _, err := range failures {
			if errors.Is(err, ration.ErrStoreUnavailable) {
				unavailable++
			}
		}
		if unavailable != 7 {
			t.Errorf("%d checks found the store unavailable; want those 7 of the second read", unavailable)
		}
		if err := checker.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// countedTokens counts what is asked of a store about tokens.
type countedTokens struct {
	admin.Tokens
	reads, notes atomic.Int32
}

func (c *countedTokens) TokensByDigest(ctx context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	c.reads.Add(1)
	return c.Tokens.TokensByDigest(ctx, digests)
}

func (c *countedTokens) NoteTokenUse(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	c.notes.Add(1)
	return c.Tokens.NoteTokenUse(ctx, ids, at)
}

// How long a refusal takes says nothing about a token: one that never was, one that was
// revoked, one that has ended and one that differs from a valid one in its beginning or
// its end are each looked up once, by the digest of the whole, and nothing is written.
func TestRefusedTokensAreReadAlike(t *testing.T) {
	o := open(t)
	valid, gone := o.token("valid", admin.ScopeRead), o.token("gone", admin.ScopeRead)
	if _, err := o.RevokeToken(t.Context(), actor, "gone"); err != nil {
		t.Fatal(err)
	}
	ended, err := o.CreateToken(t.Context(), actor, admin.NewToken{Name: "ended", Scopes: []string{admin.ScopeRead}, ExpiresAt: o.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	o.set(o.now().Add(2 * time.Hour))
	text := valid.Secret.Reveal()
	for name, token := range map[string]ration.Secret{
		"unknown":               ration.NewSecret("rk_token"),
		"revoked":               gone.Secret,
		"ended":                 ended.Secret,
		"with a wrong checksum": ration.SecretFromText(text[:len(text)-1] + "!"),
		"beginning as another":  sharingTheStart(text),
	} {
		t.Run(name, func(t *testing.T) {
			counted := &countedTokens{Tokens: o.store}
			checker := admin.NewTokenChecker(counted, admin.Config{})
			_, err := checker.Check(t.Context(), token, admin.ScopeRead)
			if err := checker.Close(context.Background()); err != nil {
				t.Error(err)
			}
			wanted := int32(1)
			if !token.Generated() {
				wanted = 0 // its own checksum, which everybody can compute, says so
			}
			if !errors.Is(err, admin.ErrTokenInvalid) || counted.reads.Load() != wanted || counted.notes.Load() != 0 {
				t.Errorf("%v after %d reads and %d writes; want ErrTokenInvalid after %d and 0", err, counted.reads.Load(), counted.notes.Load(), wanted)
			}
		})
	}
}

// sharingTheStart returns a token with a right checksum that begins like another.
func sharingTheStart(text string) ration.Secret {
	for {
		other := ration.NewSecret("rk_token").Reveal()
		if other[len("rk_token_")] == text[len("rk_token_")] {
			return ration.SecretFromText(other)
		}
	}
}
