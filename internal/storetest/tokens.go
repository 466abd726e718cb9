package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

var tokenTests = []contractTest{
	{"the first token of scope admin is made once", testFirstToken},
	{"a token comes back as it was stored", testTokenRoundTrip},
	{"a token's name is free again once it is revoked", testTokenName},
	{"tokens are found by digest, in order", testTokensByDigest},
	{"a charge is decided in the name of a valid token alone", testChecksTokens},
	{"a batch checks each token that its items name", testChecksEachToken},
	{"a batch that waits sees that its token was revoked", testWaitingSeesRevokedToken},
	{"the last use is written at most once a minute", testTokenUse},
}

// token creates a token and returns it as it should be stored, and its digest.
func (f *fixture) token(name string, configure func(*admin.Token)) (admin.Token, ration.Digest) {
	f.Helper()
	token := admin.Token{ID: uuid.Must(uuid.NewV7()), Name: name, Scopes: []string{"verify"}, Start: "rk_abcde", End: "wxyz"}
	configure(&token)
	digest := ration.NewSecret(ration.DefaultSecretPrefix).Digest(nil)
	created, err := f.Store.CreateToken(f.Context(), token, digest, entry("token.create", "token:"+name))
	if err != nil {
		f.Fatalf("creating token %s: %v", name, err)
	}
	token.CreatedAt = f.now
	f.want("token as created", token, created)
	return token, digest
}

// tokensNamed lists the tokens of a name.
func (f *fixture) tokensNamed(name string) []admin.Token {
	f.Helper()
	tokens, err := f.Store.ListTokens(f.Context(), admin.TokenFilter{})
	if err != nil {
		f.Fatalf("listing tokens: %v", err)
	}
	var named []admin.Token
	for _, token := range tokens {
		if token.Name == name {
			named = append(named, token)
		}
	}
	return named
}

func testTokenRoundTrip(f *fixture) {
	for _, configure := range []func(*admin.Token){
		func(*admin.Token) {},
		func(t *admin.Token) { t.ExpiresAt, t.Scopes = noon.Add(time.Microsecond), []string{"read", "admin"} },
		func(t *admin.Token) { t.Start, t.End = "", "" },
		func(t *admin.Token) {
			t.Owners, t.Plans = []string{"acme", `o'neil "&" sons, 株式会社`}, []string{"free"}
		},
	} {
		token, _ := f.token(uniqueName(), configure)
		f.want("token as listed", []admin.Token{token}, f.tokensNamed(token.Name))
	}
}

func testTokenName(f *fixture) {
	name := uniqueName()
	first, firstDigest := f.token(name, func(*admin.Token) {})
	second := first
	second.ID = uuid.Must(uuid.NewV7())
	digest := ration.NewSecret("rk").Digest(nil)
	_, err := f.Store.CreateToken(f.Context(), second, digest, entry("token.create", "token:"+name))
	f.wantError(err, ration.ErrExists)
	f.advance(time.Minute)
	revoked, err := f.Store.RevokeToken(f.Context(), name, entry("token.revoke", "token:"+name))
	f.wantError(err, nil)
	first.RevokedAt = f.now
	f.want("token as revoked", first, revoked)
	f.advance(time.Minute)
	_, err = f.Store.RevokeToken(f.Context(), name, entry("token.revoke", "token:"+name))
	f.wantError(err, ration.ErrNotFound)
	again, _ := f.token(name, func(*admin.Token) {})
	f.want("tokens", []admin.Token{first, again}, f.tokensNamed(name))
	tokens, _, err := f.Store.TokensByDigest(f.Context(), []ration.Digest{firstDigest})
	f.wantError(err, nil)
	f.want("revoked token by its digest", []admin.Token{first}, tokens)
	actions := ""
	for _, entry := range f.audit(admin.AuditFilter{Target: "token:" + name}) {
		actions += entry.Action + " "
	}
	f.want("actions, the newest first", "token.create token.revoke token.create ", actions)
}

func testTokensByDigest(f *fixture) {
	a, digestA := f.token(uniqueName(), func(*admin.Token) {})
	b, digestB := f.token(uniqueName(), func(t *admin.Token) { t.ExpiresAt = noon })
	unknown := ration.NewSecret("rk").Digest(nil)
	f.advance(time.Hour)
	tokens, now, err := f.Store.TokensByDigest(f.Context(), []ration.Digest{digestB, unknown, digestA, digestB})
	f.wantError(err, nil)
	f.want("tokens", []admin.Token{b, {}, a, b}, tokens)
	if !now.Equal(f.now) {
		f.Errorf("the store's time is %s, want %s", now, f.now)
	}
	tokens, now, err = f.Store.TokensByDigest(f.Context(), nil)
	f.wantError(err, nil)
	if !now.Equal(f.now) {
		f.Errorf("without digests the store's time is %s, want %s", now, f.now)
	}
	f.want("no tokens", []admin.Token(nil), tokens)
}

func testTokenUse(f *fixture) {
	used, digest := f.token(uniqueName(), func(*admin.Token) {})
	other, _ := f.token(uniqueName(), func(*admin.Token) {})
	start := f.now
	for _, row := range []struct {
		name  string
		after time.Duration // since the start
		want  time.Duration
	}{
		{"the first use", 0, 0},
		{"one in the same minute", admin.TokenUseInterval - time.Microsecond, 0},
		{"one a minute later", admin.TokenUseInterval, admin.TokenUseInterval},
		{"one before it, by a clock that was set back", time.Second, time.Second},
	} {
		ids := []uuid.UUID{used.ID, uuid.Must(uuid.NewV7())}
		if err := f.Store.NoteTokenUse(f.Context(), ids, start.Add(row.after)); err != nil {
			f.Fatalf("%s: %v", row.name, err)
		}
		used.LastUsedAt = start.Add(row.want)
		f.want(row.name, []admin.Token{used}, f.tokensNamed(used.Name))
	}
	tokens, _, err := f.Store.TokensByDigest(f.Context(), []ration.Digest{digest})
	f.wantError(err, nil)
	f.want("the token by its digest", []admin.Token{used}, tokens)
	f.want("a token that was not used", []admin.Token{other}, f.tokensNamed(other.Name))
	f.wantError(f.Store.NoteTokenUse(f.Context(), nil, start), nil)
}

// testFirstToken runs before the tests that make tokens of scope admin.
func testFirstToken(f *fixture) {
	instances := append([]Store{f.Store}, f.instances(2)...)
	made := make(chan bool, 3*len(instances))
	var group sync.WaitGroup
	name := uniqueName()
	for range 3 {
		for _, store := range instances {
			group.Go(func() {
				token := admin.Token{Name: name, Scopes: []string{admin.ScopeAdmin}}
				done, err := store.CreateFirstToken(f.Context(), token, ration.NewSecret("rk").Digest(nil), entry("token.create", "token:"+name))
				if err != nil && !errors.Is(err, ration.ErrExists) {
					f.Errorf("making the first token: %v", err)
				}
				made <- done
			})
		}
	}
	group.Wait()
	close(made)
	count := 0
	for done := range made {
		if done {
			count++
		}
	}
	if got := len(f.tokensNamed(name)); got != 1 || count != 1 {
		f.Errorf("%d calls made a token, and there are %d", count, got)
	}
	if got := len(f.audit(admin.AuditFilter{Target: "token:" + name})); got != 1 {
		f.Errorf("%d entries, want 1", got)
	}
	if _, err := f.Store.RevokeToken(f.Context(), name, entry("token.revoke", "token:"+name)); err != nil {
		f.Fatal(err)
	}
	done, err := f.Store.CreateFirstToken(f.Context(), admin.Token{Name: name, Scopes: []string{admin.ScopeAdmin}}, ration.NewSecret("rk").Digest(nil), entry("token.create", "token:"+name))
	if done || err != nil {
		f.Errorf("after it was revoked: made %t, %v", done, err)
	}
}
