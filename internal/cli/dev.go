package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/certfile"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/demo"
	"github.com/ration-dev/ration/sqlite"
)

const devDatabase = "./ration-dev.db"

func (a *app) devCommand() *cobra.Command {
	var fresh, empty bool
	cmd := &cobra.Command{
		Use: "dev", Short: "Start with a demo plan, key and example API, to try Ration",
		Long: `Starts a server in front of an example API or of the one that --upstream names,
with a plan and a key to try. You don't have to set anything up. A later start
continues all counts and gives the key a new secret; the former one works for a day.

The database is ` + devDatabase + `, or the one that --db names. RATION_DB and the
configuration file's db are ignored: they name the database of a real server.

When ` + devDatabase + ` is made, it gets a month of made-up history, so that lists and
charts show something: keys of plans named demo-…, with "(demo)" in their owners and the
metadata demo=true. --empty leaves it out; later starts add none. No other database gets
one.`,
		Example: `  ration dev
  ration dev --upstream http://127.0.0.1:3000
  ration dev --fresh --empty`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.refuseServer(cmd); err != nil {
				return err
			}
			if a.db == "" {
				a.fixed = map[string]string{"db": "sqlite:" + devDatabase}
			}
			settings, err := a.settings()
			if err != nil {
				return err
			}
			if fresh {
				if err := removeDemo(settings.DB); err != nil {
					return err
				}
			}
			return a.dev(cmd.Context(), settings, !empty)
		},
	}
	cmd.Flags().BoolVar(&fresh, "fresh", false, "start from scratch: delete "+devDatabase+" first")
	cmd.Flags().BoolVar(&empty, "empty", false, "make a new "+devDatabase+" without made-up history")
	a.addSettingFlags(cmd)
	showFew(cmd, "sqlite:"+devDatabase, "upstream", "fresh", "empty", "listen", "api-listen", "admin-listen", "db", "config", "log-level", "help")
	return cmd
}

func (a *app) dev(ctx context.Context, settings config.Config, withHistory bool) (err error) {
	settings.WaitForDatabase = 0 // who tries it looks on
	settings.ShowPortal()
	if len(settings.WebhookPrivate) == 0 { // who tries webhooks has the receiver here
		settings.WebhookPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	settings.Portal.URL = cmp.Or(settings.Portal.URL, portalToTry(settings))
	ctx, stop := untilSignal(ctx)
	defer stop()
	path := "/" // any API has it
	if settings.Upstream == nil {
		path = "/hello"
		upstream, closeUpstream, err := startExample(ctx)
		if err != nil {
			return err
		}
		defer closeUpstream()
		settings.Upstream = upstream
	}
	made := false
	if withHistory {
		if made, err = makeHistory(ctx, settings); err != nil {
			return err
		}
	}
	i, err := newInstance(ctx, settings, newLogger(settings, a.stderr), newAccessLog(settings, a.stdout, a.stderr))
	if err != nil {
		return err
	}
	account, err := demo.Prepare(ctx, i.operations)
	if err != nil {
		return errors.Join(err, i.close(ctx))
	}
	link, err := i.loginLink(ctx, admin.MaxLoginLinkValid)
	if err != nil {
		return errors.Join(err, i.close(ctx))
	}
	a.welcome(i, account, path, link, historyHint(made, withHistory && account.IsNew && freshHint(settings.DB) != ""))
	if err := i.run(ctx); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "\nStopped cleanly. Start it again, and the counts are still there.")
	return nil
}

// startExample starts the example API on a free port.
func startExample(ctx context.Context) (*url.URL, func(), error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("starting the example API: %w", err)
	}
	server := &http.Server{Handler: demo.Upstream(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return &url.URL{Scheme: "http", Host: listener.Addr().String()}, func() { _ = server.Close() }, nil
}

// removeDemo deletes the demo's database if no server has it open. Any other
// may hold what somebody needs.
func removeDemo(db config.Database) error {
	if filepath.Clean(db.Path) != filepath.Clean(devDatabase) {
		return usagef("--fresh deletes the demo's own database, %s, and no other; leave --db or --fresh out", devDatabase)
	}
	if pid, locked, err := sqlite.LockedBy(db.Path); err != nil {
		return err
	} else if locked {
		return &storeError{fmt.Errorf("process %d has %s open; stop it first", pid, db.Path)}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(db.Path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("deleting the demo's database: %w", err)
		}
	}
	return nil
}

// welcome says what runs where, what was counted before, and what to try: calls of the
// upstream's path. The link logs in to the console; empty: there is none. MadeUp tells of the history.
func (a *app) welcome(i *instance, account demo.Account, path, link, madeUp string) {
	proxy, api := i.urlOf(proxyListener, i.settings.TLS), i.urlOf(verifyListener, i.settings.APITLS)
	secret, token := account.Secret.Reveal(), account.Token.Reveal()
	page := proxy + path
	if link != "" {
		link = "\n  console     " + link + " (logs you in, once)"
	} else if i.settings.AdminListen != "" {
		link = "\n  console     not served, because another program has " + i.settings.AdminListen + "; choose another address with --admin-listen"
	}
	fmt.Fprintf(a.stdout, `Ration is running in front of %s
%s
  proxy       %s
  verify API  %s
  portal      %s
  database    %s%s%s
  key         %s, %s
  secret      %s (new with this start; an earlier one works for a day)
  plan        %s

200, and what remains:
  curl -i %s -H 'X-API-Key: %s'

401, no key:
  curl -i %s

429, once the quota is used up:
  for i in $(seq 12); do curl -s -o /dev/null -w '%%{http_code} ' %s -H 'X-API-Key: %s'; done; echo

The same decision, for an API that asks instead of standing behind the proxy:
  curl -s %s/v1/verify -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' -d '{"secret": "%s"}'

Who used what:
  %s usage --db sqlite:%s

Ctrl-C stops it; kill -9 does no harm either.
`,
		i.settings.Upstream.Redacted(), link, proxy, api, cmp.Or(i.portalURL(), "off"), absolute(i.settings.DB.Path), freshHint(i.settings.DB), madeUp,
		account.Key.ID, history(account), secret, planText(account.Key.Limits),
		page, secret, page, page, secret, api, token, secret, calledAs(os.Args[0]), i.settings.DB.Path)
}

// urlOf returns where a listener can be reached from this machine.
func (i *instance) urlOf(listener string, certificate certfile.Files) string {
	return scheme(certificate) + "://" + i.server.Addr(listener).String()
}

// calledAs is how a person calls this program again: what 'go run' builds is kept
// in a directory whose name nobody types.
func calledAs(program string) string {
	if strings.Contains(program, "go-build") {
		return "go run ./cmd/ration"
	}
	return program
}

// freshHint says how to begin anew, where --fresh does that.
func freshHint(db config.Database) string {
	if filepath.Clean(db.Path) != filepath.Clean(devDatabase) {
		return ""
	}
	return " (start from scratch with --fresh)"
}

// historyHint says that there is history that nobody has lived through, or why a first start
// that wants one has none.
func historyHint(made, missed bool) string {
	switch {
	case made:
		return "\n  history     a made-up month, of keys with the metadata demo=true (--fresh --empty leaves it out)"
	case missed:
		return "\n  history     none, because the database was there before (--fresh deletes it, and makes a month up)"
	}
	return ""
}

// history says what the key had used before this start.
func history(account demo.Account) string {
	if account.IsNew {
		return "new"
	}
	text := "known from an earlier start"
	for _, limit := range account.Key.Limits {
		text += fmt.Sprintf("; %s of %s used", limit.Unit.Text(limit.Used), limit.Limit)
	}
	return text
}

func planText(limits []ration.LimitStatus) string {
	text := "demo:"
	for n, limit := range limits {
		if n > 0 {
			text += ","
		}
		text += " " + limit.String()
	}
	return text
}
