package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// consoleURL returns where a browser on this machine reaches the console of the instance;
// empty: nowhere.
func (i *instance) consoleURL() string {
	bound := i.server.Addr(adminListener)
	if bound == nil {
		return ""
	}
	return cmp.Or(i.settings.ConsoleURL, listenerURL(bound.String(), i.settings.AdminTLS))
}

// loginLink makes a link for the user of the process; empty: there is no console.
func (i *instance) loginLink(ctx context.Context, valid time.Duration) (string, error) {
	console := i.consoleURL()
	if console == "" {
		return "", nil
	}
	issued, err := i.operations.CreateLoginLink(ctx, actor(), admin.NewLoginLink{For: strings.TrimPrefix(actor(), "cli:"), Valid: valid})
	if err != nil {
		return "", err
	}
	return rationadmin.LoginURL(console, issued.Code), nil
}

// greet says how to log in to the console of a database in which nothing was ever done. A
// link is a secret until it is used, so only a terminal gets one: what is no terminal is
// kept as a log.
func (a *app) greet(ctx context.Context, i *instance) {
	console := i.consoleURL()
	if console == "" || i.store == nil { // it is awaited: others have it
		return
	}
	ctx = context.WithoutCancel(ctx) // a start that is stopped at once says all the same what it found
	entries, err := i.operations.ListAudit(ctx, admin.AuditFilter{Limit: 1})
	if err != nil || len(entries) > 0 {
		return
	}
	if !isTerminal(a.stderr) {
		i.log.InfoContext(ctx, "nobody can log in to the console yet", "url", console, "cure", "run 'ration admin login-link' on this machine")
		return
	}
	link, err := i.loginLink(ctx, admin.LoginLinkValid)
	if err != nil {
		i.log.WarnContext(ctx, "no login link could be made; try 'ration admin login-link'", "error", err)
		return
	}
	fmt.Fprintf(a.stderr, "\nOpen the console with this link. It works once, for 15 minutes; 'ration admin login-link' makes another.\n\n  %s\n\n", link)
}
