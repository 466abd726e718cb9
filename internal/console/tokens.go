package console

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/rationadmin"
)

func (c *Console) registerTokens() {
	c.get("/tokens", func(v *visit) error { return c.showTokens(v, nil) })
	c.get("/tokens/new", c.newToken)
	c.post("/tokens/new", c.createToken)
	c.get("/tokens/revoke", c.askRevokeToken)
	c.post("/tokens/revoke", c.revokeToken)
}

const tokensOnPage = 50

// tokensPage is what the page shows.
type tokensPage struct {
	Rows   []tokenRow
	First  bool // no earlier page
	Pager  pager
	Issued *rationadmin.IssuedToken // was just made; nil: none was
}

// Secret returns the secret of the new token. It is shown once.
func (p *tokensPage) Secret() string { return p.Issued.Secret.Reveal() }

// tokenRow is a token in the list.
type tokenRow struct {
	rationadmin.Token
	State string // "active", "expired" or "revoked"
}

func tokenRowOf(token *rationadmin.Token, now time.Time) tokenRow {
	switch {
	case !token.RevokedAt.IsZero():
		return tokenRow{*token, "revoked"}
	case !token.ExpiresAt.IsZero() && !token.ExpiresAt.After(now):
		return tokenRow{*token, "expired"}
	}
	return tokenRow{*token, "active"}
}

// showTokens shows the service tokens, the newest first, and one that was just made.
func (c *Console) showTokens(v *visit, issued *rationadmin.IssuedToken) error {
	filter := rationadmin.TokenFilter{Descending: true, Limit: tokensOnPage + 1}
	after := v.r.URL.Query().Get("after")
	if after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if err == nil {
			err = json.Unmarshal(text, &filter.After)
		}
		if err != nil {
			return &ration.InvalidError{Field: "after", Reason: "begin with the first page again"}
		}
	}
	tokens, err := v.Operations.ListTokens(v.ctx, filter)
	if err != nil {
		return err
	}
	page, next := tokensPage{First: after == "", Issued: issued}, ""
	if len(tokens) > tokensOnPage {
		tokens = tokens[:tokensOnPage]
		text, err := json.Marshal(tokens[tokensOnPage-1].Position())
		if err != nil {
			return err
		}
		next = base64.RawURLEncoding.EncodeToString(text)
	}
	page.Pager = newPager("/tokens", v.r.URL.Query(), next)
	now := time.Now()
	for i := range tokens {
		page.Rows = append(page.Rows, tokenRowOf(&tokens[i], now))
	}
	v.show(200, "tokens", layout{Title: "Tokens", Section: "/tokens", Page: &page})
	return nil
}

func (c *Console) newToken(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	v.show(200, "token-new", layout{Title: "New token", Section: "/tokens"})
	return nil
}

// createToken makes a token, and shows its secret in this one answer.
func (c *Console) createToken(v *visit) error {
	expires, err := v.timeField("expires")
	if err != nil {
		return err
	}
	issued, err := v.Operations.CreateToken(v.ctx, actor, rationadmin.NewToken{
		Name: v.value("name"), Scopes: v.scopesField(), ExpiresAt: expires, Owners: lines(v.value("owners")), Plans: splitList(v.value("plans")),
	})
	if err != nil {
		return err
	}
	v.replacePage("/tokens")
	return c.showTokens(v, &issued)
}

// scopesField reads the scopes that a form has.
func (v *visit) scopesField() []string {
	var scopes []string
	if scope := v.value("scope"); scope != "" {
		scopes = append(scopes, scope)
	}
	if v.value("verify") != "" {
		scopes = append(scopes, rationadmin.ScopeVerify)
	}
	return scopes
}

// revokeTokenPage is what the page shows.
type revokeTokenPage struct{ Name string }

func (c *Console) askRevokeToken(v *visit) error {
	if err := v.needsAdmin(); err != nil {
		return err
	}
	name := v.r.URL.Query().Get("name")
	if strings.TrimSpace(name) == "" {
		return ration.ErrNotFound
	}
	v.show(200, "token-revoke", layout{Title: "Revoke a token", Section: "/tokens", Page: revokeTokenPage{name}})
	return nil
}

func (c *Console) revokeToken(v *visit) error {
	name := v.r.PostFormValue("name")
	if err := v.checkTyped(name); err != nil {
		return err
	}
	token, err := v.Operations.RevokeToken(v.ctx, actor, name)
	if err != nil {
		return err
	}
	return v.done("/tokens", "The token "+token.Name+" is revoked for good: the next request with it is refused, and its sessions are over.", nil)
}
