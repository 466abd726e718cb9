package oidclogin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// claims are what the provider says of somebody.
type claims map[string]any

// claims returns those of an ID token that was verified, and those that the provider only
// says when asked for them, if the token has no groups.
func (l *Login) claims(ctx context.Context, provider *oidc.Provider, token *oidc.IDToken, tokens *oauth2.Token) (claims, error) {
	var said claims
	if err := token.Claims(&said); err != nil {
		return nil, distrusted(fmt.Errorf("reading the ID token: %w", err))
	}
	if len(token.Audience) > 1 && said.text("azp") != l.config.ClientID {
		return nil, distrusted(errors.New("the ID token is for several parties, and was made for another one than us"))
	}
	if said.find(l.config.GroupsClaim) != nil || provider.UserInfoEndpoint() == "" {
		return said, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, away(err)
	}
	if info.Subject != token.Subject { // OpenID Connect Core, section 5.3.2
		return nil, distrusted(errors.New("the provider's user information is about somebody else than the ID token"))
	}
	more := claims{}
	if err := info.Claims(&more); err != nil {
		return nil, distrusted(fmt.Errorf("reading the provider's user information: %w", err))
	}
	for _, one := range []claims{said, more} { // whether an address is verified is said of that address alone
		if _, known := one["email"]; !known {
			delete(one, "email_verified")
		}
	}
	if _, known := said["email"]; known {
		delete(more, "email_verified")
	}
	for name, value := range more {
		if _, known := said[name]; !known {
			said[name] = value
		}
	}
	return said, nil
}

// find returns a claim; nil: there is none. A name that is no claim leads, by its dots, into
// objects.
func (c claims) find(name string) any {
	if value, known := c[name]; known {
		return value
	}
	first, rest, deeper := strings.Cut(name, ".")
	if inner, is := c[first].(map[string]any); is && deeper {
		return claims(inner).find(rest)
	}
	return nil
}

// text returns a claim that is a text.
func (c claims) text(name string) string {
	text, _ := c.find(name).(string)
	return text
}

// texts returns a claim that is a list of texts, or one of them.
func (c claims) texts(name string) (texts []string) {
	switch value := c.find(name).(type) {
	case string:
		texts = append(texts, value)
	case []any:
		for _, item := range value {
			if text, is := item.(string); is {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

// isTrue reports whether a claim is true. Some providers write that as a text.
func (c claims) isTrue(name string) bool {
	value := c.find(name)
	return value == true || value == "true"
}
