package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) tokensCommand() *cobra.Command {
	return a.group("tokens", "Create, list and revoke service tokens",
		a.tokensCreateCommand(), a.tokensListCommand(), a.tokensRevokeCommand(), a.tokensGenerateCommand(),
	)
}

func (a *app) tokensCreateCommand() *cobra.Command {
	var token admin.NewToken
	var expires string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a service token and print it once",
		Long: `Creates a service token, which allows another program to ask the server. What it may
do is said by its scopes: verify for POST /v1/verify and for reservations; read to
read keys, plans, usage and the audit log; keys to create and change keys, too; admin
to change plans and tokens, too. With --owner or --plan, a token of scope read or
keys sees and changes only keys with one of these owners and one of these plans.`,
		Example: `  ration tokens create my-api --scope verify
  ration tokens create sign-up --scope keys --owner acme --plan free --expires 30d`,
		Args: oneToken,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			token.Name = args[0]
			if token.Scopes, err = parseScopes(token.Scopes); err != nil {
				return err
			}
			if token.ExpiresAt, err = parseInstant("--expires", expires); err != nil {
				return err
			}
			return a.with(cmd.Context(), mayCreate, func(ops admin.Operations) error {
				issued, err := ops.CreateToken(cmd.Context(), actor(), token)
				if err != nil {
					return err
				}
				return a.showIssuedToken(issued)
			})
		},
	}
	cmd.Flags().StringArrayVar(&token.Scopes, "scope", nil, "what it may do: verify, read, keys or admin; several with commas, or repeat (required)")
	cmd.Flags().StringArrayVar(&token.Owners, "owner", nil, "only keys of this owner; repeat for several")
	cmd.Flags().StringArrayVar(&token.Plans, "plan", nil, "only keys on this plan; repeat for several")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends: 30d, 2030-01-31 (from midnight UTC) or 2030-01-31T12:00:00Z (default: never)")
	return cmd
}

func (a *app) tokensListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List service tokens, including revoked ones", Args: noArguments,
		Example: `  ration tokens list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				tokens, err := ops.ListTokens(cmd.Context(), admin.TokenFilter{})
				if err != nil {
					return err
				}
				shown := wire.Tokens(tokens)
				return a.show(tokenListing(shown, shown...))
			})
		},
	}
}

func (a *app) tokensRevokeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke NAME", Short: "Revoke a service token for ever", Args: oneToken,
		Example: `  ration tokens revoke gateway --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.confirm(cmd.Context(), yes, func(ops admin.Operations) (string, error) {
				token, err := activeToken(cmd.Context(), ops, args[0])
				return fmt.Sprintf("Revoking token %s (%s…%s) is final.", visible(token.Name), token.Start, token.End), err
			})
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				token, err := ops.RevokeToken(cmd.Context(), actor(), args[0])
				if err != nil {
					return err
				}
				shown := wire.Token(token)
				return a.show(tokenListing(shown, shown))
			})
		},
	}
	asks(cmd, &yes, "It asks first.")
	return cmd
}

// activeToken finds the token of a name that is not revoked. The error does not show the
// text, which may be a token.
func activeToken(ctx context.Context, ops admin.Operations, name string) (admin.Token, error) {
	tokens, err := ops.ListTokens(ctx, admin.TokenFilter{})
	if err != nil {
		return admin.Token{}, err
	}
	var names []string
	for _, token := range tokens {
		if token.RevokedAt.IsZero() {
			if token.Name == name {
				return token, nil
			}
			names = append(names, token.Name)
		}
	}
	return admin.Token{}, errors.New("no token that is not revoked has this name" + orNearest(name, names, "; 'ration tokens list' shows all tokens"))
}

func (a *app) showIssuedToken(issued admin.IssuedToken) error {
	shown := wire.IssuedToken(issued)
	if a.format == formatTable {
		a.say("Created token %s. This is its secret; it is not shown again:", visible(shown.Token.Name))
		return a.showSecret(issued.Secret)
	}
	return a.show(listing{
		value: shown, columns: []column{{name: "token_id"}, {name: "name"}, {name: "secret"}},
		rows: [][]string{{shown.Token.ID, shown.Token.Name, shown.Secret}},
	})
}

func tokenListing(value any, tokens ...api.Token) listing {
	list := listing{
		value: value, empty: "no service tokens; create one with 'ration tokens create NAME --scope verify'",
		columns: []column{{name: "name"}, {name: "scopes"}, {name: "secret"}, {name: "status"}, {name: "created_at"}, {name: "expires_at"}, {name: "last_used_at"}, {name: "owners", wide: true}, {name: "plans", wide: true}, {name: "id", wide: true}},
	}
	for _, token := range tokens {
		list.rows = append(list.rows, []string{
			token.Name, strings.Join(token.Scopes, " "), token.Start + "…" + token.End, tokenStatus(token, time.Now()),
			instantText(&token.CreatedAt), instantText(token.ExpiresAt), instantText(token.LastUsed),
			strings.Join(token.Owners, "; "), strings.Join(token.Plans, "; "), token.ID,
		})
	}
	return list
}

func tokenStatus(token api.Token, now time.Time) string {
	switch {
	case token.RevokedAt != nil:
		return "revoked"
	case token.ExpiresAt != nil && !now.Before(*token.ExpiresAt):
		return "expired"
	}
	return "active"
}

func oneToken(cmd *cobra.Command, args []string) error {
	return oneArgument("the name of a service token")(cmd, args)
}
