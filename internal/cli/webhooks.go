package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) webhooksCommand() *cobra.Command {
	return a.group("webhooks", "Send events to other programs, and see what became of them",
		a.webhooksCreateCommand(), a.webhooksListCommand(), a.webhooksShowCommand(), a.webhooksUpdateCommand(),
		a.webhooksEnableCommand(true), a.webhooksEnableCommand(false), a.webhooksRotateCommand(), a.webhooksDeleteCommand(),
		a.webhooksDeliveriesCommand(), a.webhooksReplayCommand(),
	)
}

const typesUsage = `only events of this type, such as "key.limit_threshold"; several with commas, or repeat`

func eventTypes(texts []string) (types []admin.EventType) {
	for _, text := range splitCommas(texts) {
		types = append(types, admin.EventType(text))
	}
	return types
}

func (a *app) webhooksCreateCommand() *cobra.Command {
	var types []string
	cmd := &cobra.Command{
		Use: "create URL", Short: "Create a webhook and print its secret once", Args: oneArgument("the address of an endpoint"),
		Long: `Creates a webhook: events are sent to its address from then on, in the form of Standard
Webhooks. It gets a secret, with which the receiver checks the signatures. Without --type
it gets events of all types.`,
		Example: `  ration webhooks create https://example.com/hooks/ration
  ration webhooks create https://example.com/hooks/limits --type key.limit_threshold,key.expiring`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				issued, err := ops.CreateWebhook(cmd.Context(), actor(), admin.NewWebhook{URL: args[0], Types: eventTypes(types)})
				if err != nil {
					return err
				}
				return a.showIssuedWebhook(issued, "Created webhook %s. This is its secret; it is not shown again:")
			})
		},
	}
	cmd.Flags().StringArrayVar(&types, "type", nil, typesUsage)
	return cmd
}

// showIssuedWebhook prints the secret after what is said of the webhook.
func (a *app) showIssuedWebhook(issued admin.IssuedWebhook, said string) error {
	shown := wire.IssuedWebhook(issued)
	if a.format == formatTable {
		a.say(said, shown.Webhook.ID)
		return a.showSecret(issued.Secret)
	}
	return a.show(listing{
		value: shown, columns: []column{{name: "webhook_id"}, {name: "url"}, {name: "secret"}},
		rows: [][]string{{shown.Webhook.ID, shown.Webhook.URL, shown.Secret}},
	})
}

func (a *app) webhooksListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List webhooks, and what waits for them", Args: noArguments,
		Long: `Lists webhooks, how many deliveries wait for each, and how many were given up. At most
10,000 are counted of each. With a token that may not change webhooks, only the hosts of
their addresses are shown.`,
		Example: "  ration webhooks list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				webhooks, err := ops.ListWebhooks(cmd.Context())
				if err != nil {
					return err
				}
				shown := wire.Webhooks(webhooks)
				return a.show(webhookListing(shown, shown.Items...))
			})
		},
	}
}

func (a *app) webhooksShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show WEBHOOK", Short: "Show a webhook, and what waits for it", Args: oneWebhook,
		Example: "  ration webhooks show 0197c0de-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseWebhook(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error { return a.showWebhook(cmd.Context(), ops, id) })
		},
	}
}

func (a *app) showWebhook(ctx context.Context, ops admin.Operations, id uuid.UUID) error {
	webhook, err := ops.ShowWebhook(ctx, id)
	if err != nil {
		return err
	}
	shown := wire.WebhookStatus(webhook)
	return a.show(webhookListing(shown, shown))
}

func (a *app) webhooksUpdateCommand() *cobra.Command {
	var address string
	var types []string
	var all bool
	cmd := &cobra.Command{
		Use: "update WEBHOOK", Short: "Change the address or the types of a webhook", Args: oneWebhook,
		Long: `Changes what is given. Another address holds from the next attempt on, also for what
waits. Other types hold for events that are published later.`,
		Example: `  ration webhooks update 0197c0de-… --type key.created,key.revoked
  ration webhooks update 0197c0de-… --url https://example.com/hooks/other --all-types`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			var patch admin.WebhookPatch
			if patch.ID, err = parseWebhook(args[0]); err != nil {
				return err
			}
			flags := cmd.Flags()
			if flags.Changed("url") {
				patch.URL = &address
			}
			if flags.Changed("type") || all {
				patch.Types = new(eventTypes(types))
			}
			if patch.URL == nil && patch.Types == nil {
				return usagef("say what to change: --url, --type or --all-types")
			}
			return a.changeWebhook(cmd.Context(), patch)
		},
	}
	cmd.Flags().StringVar(&address, "url", "", "the address that events are sent to")
	cmd.Flags().StringArrayVar(&types, "type", nil, typesUsage)
	cmd.Flags().BoolVar(&all, "all-types", false, "events of all types")
	cmd.MarkFlagsMutuallyExclusive("type", "all-types")
	return cmd
}

func (a *app) changeWebhook(ctx context.Context, patch admin.WebhookPatch) error {
	return a.with(ctx, mustExist, func(ops admin.Operations) error {
		if _, err := ops.UpdateWebhook(ctx, actor(), patch); err != nil {
			return err
		}
		return a.showWebhook(ctx, ops, patch.ID)
	})
}

func (a *app) webhooksEnableCommand(enabled bool) *cobra.Command {
	cmd := &cobra.Command{
		Use: "enable WEBHOOK", Short: "Send to a webhook again, what waits for it at once", Args: oneWebhook,
		Long: `Enables a webhook that somebody has disabled, or that Ration has disabled because its
endpoint is gone. What waited then is sent; what happened meanwhile isn't.`,
		Example: "  ration webhooks enable 0197c0de-…",
	}
	if !enabled {
		cmd.Use, cmd.Short = "disable WEBHOOK", "Send nothing to a webhook for now"
		cmd.Long = `Disables a webhook. What waits for it is kept, and sent once it is enabled again. New
events are not kept for it. What is being sent at this moment may still arrive.`
		cmd.Example = "  ration webhooks disable 0197c0de-…"
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		id, err := parseWebhook(args[0])
		if err != nil {
			return err
		}
		return a.changeWebhook(cmd.Context(), admin.WebhookPatch{ID: id, Enabled: &enabled})
	}
	return cmd
}

func (a *app) webhooksRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rotate-secret WEBHOOK", Short: "Give a webhook a new secret and print it once", Args: oneWebhook,
		Long: `Replaces the secret of a webhook. For 24 hours, messages are signed with the new secret
and with the one before it, so that the receiver can change over. Rotate it again to end
the one before it at once.`,
		Example: "  ration webhooks rotate-secret 0197c0de-…",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseWebhook(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				issued, err := ops.RotateWebhookSecret(cmd.Context(), actor(), id)
				if err != nil {
					return err
				}
				return a.showIssuedWebhook(issued, "This is the new secret of webhook %s; it is not shown again:")
			})
		},
	}
}

func (a *app) webhooksDeleteCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "delete WEBHOOK", Short: "Delete a webhook, and what waits for it", Args: oneWebhook,
		Example: "  ration webhooks delete 0197c0de-… --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := parseWebhook(args[0])
			if err != nil {
				return err
			}
			err = a.confirm(cmd.Context(), yes, func(ops admin.Operations) (string, error) {
				webhook, err := ops.ShowWebhook(cmd.Context(), id)
				return fmt.Sprintf("Deleting the webhook to %s deletes its deliveries too: %d wait, %d were given up.",
					visible(admin.WebhookOrigin(webhook.URL)), webhook.Backlog.Waiting, webhook.Backlog.Dead), err
			})
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if err := ops.DeleteWebhook(cmd.Context(), actor(), id); err != nil {
					return err
				}
				a.say("Deleted webhook %s", id)
				return nil
			})
		},
	}
	asks(cmd, &yes, "It asks first.")
	return cmd
}

func oneWebhook(cmd *cobra.Command, args []string) error {
	return oneArgument("the id of a webhook")(cmd, args)
}

func parseWebhook(text string) (uuid.UUID, error) {
	return parseUUID("WEBHOOK", text, "a webhook's id", "ration webhooks list")
}

// parseUUID reads an argument. What is none is not repeated: it may be something else, such
// as a secret. List is the command that shows the ids.
func parseUUID(argument, text, name, list string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return id, &ration.InvalidError{Field: argument, Reason: name + " is a UUID; '" + list + "' shows them"}
	}
	return id, nil
}

func webhookListing(value any, webhooks ...api.WebhookStatus) listing {
	list := listing{
		value: value, empty: "no webhooks; create one with 'ration webhooks create URL'",
		columns: []column{
			{name: "id"},
			{name: "url"},
			{name: "types"},
			{name: "status"},
			{name: "waiting"},
			{name: "waiting_since"},
			{name: "dead"},
			{name: "disabled_reason", wide: true},
			{name: "previous_secret_until", wide: true},
			{name: "created_by", wide: true},
			{name: "created_at", wide: true},
			{name: "updated_at", wide: true},
		},
	}
	for _, w := range webhooks {
		types, status := strings.Join(w.Webhook.Types, " "), "enabled"
		if types == "" {
			types = "all"
		}
		if !w.Webhook.Enabled {
			status = "disabled"
		}
		list.rows = append(list.rows, []string{
			w.Webhook.ID, w.Webhook.URL, types, status, fmt.Sprint(w.Waiting), instantText(w.WaitingSince), fmt.Sprint(w.Dead),
			w.Webhook.DisabledReason, instantText(w.Webhook.PreviousSecretUntil), w.Webhook.CreatedBy, instantText(&w.Webhook.CreatedAt), instantText(&w.Webhook.UpdatedAt),
		})
	}
	return list
}

// webhookChoices are all webhooks, by the hosts of their addresses.
func webhookChoices(ctx context.Context, ops admin.Operations, begun string) ([]cobra.Completion, error) {
	var found []cobra.Completion
	webhooks, err := ops.ListWebhooks(ctx)
	for _, webhook := range webhooks {
		if id := webhook.ID.String(); strings.HasPrefix(id, begun) {
			found = append(found, choice(id, admin.WebhookOrigin(webhook.URL)))
		}
	}
	return found, err
}
