package admin_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// usedToken is a store of one token, whose uses are written when a test lets them.
type usedToken struct {
	admin.TokenChecks
	token admin.Token
	write func(ctx context.Context, ids []uuid.UUID, at time.Time) error
}

func (u *usedToken) TokensByDigest(_ context.Context, digests []ration.Digest) ([]admin.Token, time.Time, error) {
	tokens := make([]admin.Token, len(digests))
	for i := range tokens {
		tokens[i] = u.token
	}
	return tokens, time.Now(), nil
}

func (u *usedToken) NoteTokenUse(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	return u.write(ctx, ids, at)
}

// TestLastUseIsInNobodysWay: while a write hangs or fails, checks are answered, and one
// write a minute is tried.
func TestLastUseIsInNobodysWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &usedToken{token: admin.Token{ID: uuid.Must(uuid.NewV7()), Name: "app", Scopes: []string{admin.ScopeRead}}}
		var writes []time.Time
		store.write = func(ctx context.Context, ids []uuid.UUID, at time.Time) error {
			if len(ids) != 1 || ids[0] != store.token.ID || !at.Equal(time.Now()) {
				t.Errorf("the use of %v at %s was written at %s", ids, at, time.Now())
			}
			writes = append(writes, at)
			<-ctx.Done() // it hangs as long as it may
			return errors.New("the database is gone")
		}
		checker := admin.NewTokenChecker(store, admin.Config{})
		start := time.Now()
		secret := ration.NewSecret("rk_token")
		check := func(scope string) error {
			before := time.Now()
			_, err := checker.Check(context.Background(), secret, scope)
			if !time.Now().Equal(before) {
				t.Errorf("a check waited for %s", time.Since(before))
			}
			return err
		}
		for range 3 {
			if err := check(admin.ScopeRead); err != nil {
				t.Error(err)
			}
			_, lacks := errors.AsType[*admin.TokenScopeError](check(admin.ScopeKeys))
			if !lacks {
				t.Error("a token of scope read may change keys")
			}
			time.Sleep(20 * time.Second)
			synctest.Wait()
		}
		if err := check(admin.ScopeRead); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(writes) != 2 || !writes[0].Equal(start) || writes[1].Sub(start) != time.Minute {
			t.Errorf("uses were written at %v, want at the start and a minute later", writes)
		}
		if err := checker.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start) - time.Minute; waited != time.Second {
			t.Errorf("the end waited for %s, want 1s", waited)
		}
	})
}

// TestLastUseIsShown: the use of a token that lacks the scope counts too, and the use
// of none that has ended.
func TestLastUseIsShown(t *testing.T) {
	o := open(t)
	used, refused := o.token("used", admin.ScopeVerify), o.token("refused", admin.ScopeRead)
	revoked := o.token("revoked", admin.ScopeVerify)
	o.token("unused", admin.ScopeVerify)
	if _, err := o.RevokeToken(t.Context(), actor, "revoked"); err != nil {
		t.Fatal(err)
	}
	checker := admin.NewTokenChecker(o.store, admin.Config{})
	for _, secret := range []ration.Secret{used.Secret, refused.Secret, revoked.Secret} {
		_, _ = checker.Check(t.Context(), secret, admin.ScopeVerify)
	}
	if err := checker.Close(context.Background()); err != nil { // it waits for the writes
		t.Fatal(err)
	}
	tokens, err := o.ListTokens(t.Context(), admin.TokenFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range tokens {
		if want := token.Name == "used" || token.Name == "refused"; token.LastUsedAt.Equal(noon) != want || token.LastUsedAt.IsZero() == want {
			t.Errorf("token %s was last used at %s", token.Name, token.LastUsedAt)
		}
	}
}
