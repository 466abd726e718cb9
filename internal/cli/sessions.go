package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) sessionsCommand() *cobra.Command {
	return a.group("sessions", "List who is logged in to the console, and log them out", a.sessionsListCommand(), a.sessionsEndCommand())
}

func (a *app) sessionsListCommand() *cobra.Command {
	var filter admin.SessionFilter
	cmd := &cobra.Command{
		Use: "list", Short: "List who is logged in to the console, newest first", Args: noArguments,
		Long: `Lists sessions of the console, newest first. A session lasts 7 days at most, and 12 hours
without being used; one that was begun with a service token is over when the token is.`,
		Example: `  ration sessions list
  ration sessions list --over -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				sessions, err := ops.ListSessions(cmd.Context(), filter)
				if err != nil {
					return err
				}
				if len(sessions) > 0 && len(sessions) == filter.Limit {
					a.say("There may be more: raise --max")
				}
				shown := wire.Sessions(sessions)
				return a.show(sessionListing(shown, shown...))
			})
		},
	}
	cmd.Flags().BoolVar(&filter.Over, "over", false, "also those that are over, for 30 days after their expiry")
	cmd.Flags().IntVar(&filter.Limit, "max", 1000, "list at most this many")
	return cmd
}

func (a *app) sessionsEndCommand() *cobra.Command {
	return &cobra.Command{
		Use: "end SESSION", Short: "Log somebody out of the console", Args: oneArgument("the id of a session"),
		Long: `Ends a session. When the command has ended, no server accepts the session any more. One
that is over stays as it is.`,
		Example: "  ration sessions end 0197c0de-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseUUID("SESSION", args[0], "a session's id", "ration sessions list")
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				session, err := ops.EndSession(cmd.Context(), actor(), id)
				if err != nil {
					return err
				}
				shown := wire.Session(session)
				return a.show(sessionListing(shown, shown))
			})
		},
	}
}

func sessionListing(value any, sessions ...api.Session) listing {
	list := listing{
		value: value, empty: "nobody is logged in; make a link with 'ration admin login-link'",
		columns: []column{
			{name: "id"},
			{name: "actor"},
			{name: "scopes"},
			{name: "from"},
			{name: "created_at"},
			{name: "seen_at"},
			{name: "ended_at"},
			{name: "method", wide: true},
			{name: "owners", wide: true},
			{name: "plans", wide: true},
			{name: "expires_at", wide: true},
			{name: "token_id", wide: true},
			{name: "user_agent", wide: true},
		},
	}
	for _, s := range sessions {
		list.rows = append(list.rows, []string{
			s.ID, s.Actor, strings.Join(s.Scopes, " "), s.From, instantText(&s.CreatedAt), instantText(&s.SeenAt), instantText(s.EndedAt),
			s.Method, strings.Join(s.Owners, "; "), strings.Join(s.Plans, "; "), instantText(&s.ExpiresAt), s.TokenID, s.UserAgent,
		})
	}
	return list
}

// sessionChoices are the sessions that are not over.
func sessionChoices(ctx context.Context, ops admin.Operations, begun string) ([]cobra.Completion, error) {
	var found []cobra.Completion
	sessions, err := ops.ListSessions(ctx, admin.SessionFilter{Limit: 50})
	for _, session := range sessions {
		if id := session.ID.String(); strings.HasPrefix(id, begun) {
			found = append(found, choice(id, session.Actor))
		}
	}
	return found, err
}
