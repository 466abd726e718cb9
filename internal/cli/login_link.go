package cli

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/wire"
	"github.com/ration-dev/ration/rationadmin"
)

func (a *app) adminCommand() *cobra.Command {
	return a.group("admin", "Log in to the console in a browser", a.loginLinkCommand())
}

func (a *app) loginLinkCommand() *cobra.Command {
	var link admin.NewLoginLink
	var console string
	cmd := &cobra.Command{
		Use: "login-link", Short: "Print a link that logs somebody in to the console, once", Args: noArguments,
		Long: `Prints a link that logs whoever opens it first in to the console, once. Its session may
do what --scope says: read to see keys, plans, usage and the audit log; keys to create
and change keys, too; admin to change plans and tokens, too. With --owner or --plan, it
sees and changes only keys with one of these owners and one of these plans.

A link that is made over a server with a service token grants no more than that token,
and its session is over when the token is revoked. The code of the link is behind its #,
which browsers send to nobody: it gets into no log.`,
		Example: `  ration admin login-link
  ration admin login-link --for anna --scope keys --owner acme --valid 1h
  ration admin login-link --url https://ration.example.com`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if link.Scopes, err = parseScopes(link.Scopes); err != nil {
				return err
			}
			if console, err = config.ParseServer(console); err != nil {
				if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
					invalid.Field = "--url"
				}
				return err
			}
			link.For = cmp.Or(link.For, strings.TrimPrefix(actor(), "cli:"))
			settings, err := a.settings()
			if err != nil {
				return err
			}
			return a.on(cmd.Context(), settings, mustExist, func(ops admin.Operations) error {
				issued, err := ops.CreateLoginLink(cmd.Context(), actor(), link)
				if err != nil {
					return err
				}
				if base := cmp.Or(console, consoleServed(cmd.Context(), ops, settings), consoleOf(settings)); console != "" || issued.URL == "" && base != "" {
					issued.URL = rationadmin.LoginURL(base, issued.Code)
				}
				return a.showLoginLink(issued)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&link.For, "for", "", "the name of whom it is for, as the audit log shows it (default: your user name)")
	flags.StringArrayVar(&link.Scopes, "scope", nil, "what its session may do: read, keys or admin (default: all that you may grant)")
	flags.StringArrayVar(&link.Owners, "owner", nil, "only keys of this owner; repeat for several")
	flags.StringArrayVar(&link.Plans, "plan", nil, "only keys on this plan; repeat for several")
	flags.DurationVar(&link.Valid, "valid", admin.LoginLinkValid, "how long it can be used: 1m to 24h")
	flags.StringVar(&console, "url", "", "where a browser reaches the console, such as https://ration.example.com (default: console_url, or where the server listens)")
	return cmd
}

// consoleOf returns where the settings of this machine say that the console is, unless
// console_url does: at the server that commands ask, or where a server here listens. Empty:
// nowhere.
func consoleOf(settings config.Config) string {
	if asksServer(settings) {
		return settings.Server.URL
	}
	return listenerURL(settings.AdminListen, settings.AdminTLS)
}

// consoleServed returns where the one server that runs on the database has the console;
// empty: none runs, several do, or the command asks a server, whose address it has.
func consoleServed(ctx context.Context, ops admin.Operations, settings config.Config) (url string) {
	if asksServer(settings) {
		return ""
	}
	instances, err := ops.ListInstances(ctx)
	if err != nil {
		return "" // the settings say where it should be
	}
	for i := range instances.Items {
		if instances.Items[i].Lost {
			continue
		}
		for _, listener := range instances.Items[i].Listeners {
			if listener.Name != "admin" {
				continue
			}
			if url != "" {
				return ""
			}
			certificate := certfile.Files{}
			if listener.TLS {
				certificate = settings.AdminTLS
			}
			url = listenerURL(listener.Address, certificate)
		}
	}
	return url
}

// listenerURL is the address of a listener for a browser on this machine; empty: there is
// none, or its port is any.
func listenerURL(address string, certificate certfile.Files) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" {
		return ""
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return scheme(certificate) + "://" + net.JoinHostPort(host, port)
}

func (a *app) showLoginLink(issued admin.IssuedLoginLink) error {
	shown := wire.IssuedLoginLink(issued)
	if a.format == formatTable {
		a.say("This link logs %s in, once, until %s:", visible(shown.LoginLink.For), shown.LoginLink.ExpiresAt.Format(time.RFC3339))
		if issued.URL != "" {
			return a.showText(issued.URL)
		}
		a.say("There is no admin listener here (admin_listen); give its address with --url. The link is that address with this:")
		return a.showText(rationadmin.LoginURL("", issued.Code))
	}
	return a.show(listing{
		value: shown, columns: []column{{name: "login_link_id"}, {name: "for"}, {name: "expires_at"}, {name: "url"}, {name: "code"}},
		rows: [][]string{{shown.LoginLink.ID, shown.LoginLink.For, instantText(&shown.LoginLink.ExpiresAt), issued.URL, shown.Code}},
	})
}
