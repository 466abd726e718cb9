package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// completionTime is how long a person who presses the tab key waits at most. Only tests
// change it.
var completionTime = 2 * time.Second

// isCompletion reports whether a shell asks what could come next.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// choices finds what can stand in a place, given how it begins.
type choices func(ctx context.Context, ops admin.Operations, begun string) ([]cobra.Completion, error)

// completionOfFlags says what the values of flags can be, by their names.
func (a *app) completionOfFlags() map[string]cobra.CompletionFunc {
	dates := fixed("today", "yesterday", "7d", "30d")
	return map[string]cobra.CompletionFunc{
		"output": fixed(string(formatTable), string(formatJSON), string(formatCSV)),
		"status": fixed(statusNames()...),
		"state":  fixed(string(ration.ReservationOpen), string(ration.ReservationSettled), string(ration.ReservationVoided), string(ration.ReservationExpired)),
		"plan":   a.found(planChoices), "owner": a.found(ownerChoices), "meter": a.found(meterChoices), "key": a.found(keyChoices), "webhook": a.found(webhookChoices),
		"select": a.completeSelection, targetProfile: a.completeProfile,
		"from": dates, "since": dates, "to": dates,
		"group-by": fixed(string(admin.ByKey), string(admin.ByOwner), string(admin.ByPlan), string(admin.ByHour), string(admin.ByDay), string(admin.ByMonth), string(admin.ByMeter)),
	}
}

// completionOfArguments says what the first argument of commands can be, by their
// paths without the root.
func (a *app) completionOfArguments() map[string]cobra.CompletionFunc {
	plans := a.found(planChoices)
	return map[string]cobra.CompletionFunc{
		"config profiles use": a.completeProfile, "config profiles remove": a.completeProfile,
		"meters set": a.found(meterChoices), "meters show": a.found(meterChoices),
		"plans show": plans, "plans update": plans, "plans delete": plans,
		"tokens revoke":   a.found(tokenChoices),
		"sessions end":    a.found(sessionChoices),
		"webhooks create": cobra.NoFileCompletions,
		"jobs show":       a.found(jobChoices), "jobs cancel": a.found(jobChoices),
		"keys secret revoke": a.completeSecret,
		"keys create":        cobra.NoFileCompletions, "plans create": cobra.NoFileCompletions, "tokens create": cobra.NoFileCompletions,
	}
}

// addChoices lets shells complete what only the database knows. It says nothing of
// what goes wrong, and creates nothing.
func (a *app) addChoices(root *cobra.Command) {
	a.stderr = io.Discard
	ofFlags, ofArguments := a.completionOfFlags(), a.completionOfArguments()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		switch complete := ofArguments[path]; {
		case complete != nil:
			cmd.ValidArgsFunction = firstOnly(complete)
		case strings.Contains(cmd.Use, " KEY"):
			cmd.ValidArgsFunction = firstOnly(a.found(keyChoices))
		case strings.Contains(cmd.Use, " WEBHOOK"):
			cmd.ValidArgsFunction = firstOnly(a.found(webhookChoices))
		}
		cmd.Flags().VisitAll(func(flag *pflag.Flag) { completeFlag(cmd, flag, ofFlags) })
		cmd.PersistentFlags().VisitAll(func(flag *pflag.Flag) { completeFlag(cmd, flag, ofFlags) })
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(root)
}

func completeFlag(cmd *cobra.Command, flag *pflag.Flag, known map[string]cobra.CompletionFunc) {
	complete := known[flag.Name]
	if strings.HasSuffix(cmd.CommandPath(), " tokens create") && flag.Name == "scope" {
		complete = fixed(admin.ScopeVerify, admin.ScopeRead, admin.ScopeKeys, admin.ScopeAdmin)
	}
	if strings.HasSuffix(cmd.CommandPath(), " admin login-link") && flag.Name == "scope" {
		complete = fixed(admin.ScopeRead, admin.ScopeKeys, admin.ScopeAdmin)
	}
	if strings.HasSuffix(cmd.CommandPath(), " requests list") && flag.Name == "state" {
		complete = fixed(requestStates()...)
	}
	if strings.HasSuffix(cmd.CommandPath(), " jobs list") && flag.Name == "state" {
		complete = fixed(jobStates()...)
	}
	if strings.HasSuffix(cmd.CommandPath(), " webhooks deliveries") && flag.Name == "state" {
		complete = fixed(string(admin.DeliveryWaiting), string(admin.DeliveryDelivered), string(admin.DeliveryDead))
	}
	if _, ok := flag.Value.(*startFlag); ok {
		complete = fixed(startNow, startNextPeriod)
	}
	if setting, ok := flag.Value.(*settingFlag); ok && complete == nil {
		complete = fixed(setting.words()...)
	}
	if complete != nil {
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // it is there, and has none yet
	}
}

// firstOnly completes the first argument of commands that have one.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 && cmd.Name() != "revoke" { // a secret's id follows its key's
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

func fixed(values ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return startingWith(begun, slices.Clone(values)), cobra.ShellCompDirectiveNoFileComp
	}
}

func startingWith(begun string, found []cobra.Completion) []cobra.Completion {
	return slices.DeleteFunc(found, func(c cobra.Completion) bool { return !strings.HasPrefix(c, begun) })
}

func statusNames() []string {
	return []string{
		string(ration.StatusPending), string(ration.StatusActive), string(ration.StatusDisabled), string(ration.StatusRevoked), string(ration.StatusRejected),
	}
}

// found completes with what is in the database, if it is found in time.
func (a *app) found(find choices) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.find(cmd.Context(), begun, find), cobra.ShellCompDirectiveNoFileComp
	}
}

// find returns what could be found in time. The database may not answer, and not even
// let go; the process, which ends, then leaves it.
func (a *app) find(ctx context.Context, begun string, find choices) []cobra.Completion {
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	answer := make(chan []cobra.Completion, 1)
	go func() {
		var found []cobra.Completion
		err := a.with(ctx, mustExist, func(ops admin.Operations) (err error) {
			found, err = find(ctx, ops, begun)
			return err
		})
		if err != nil {
			found = nil
		}
		answer <- found
	}()
	select {
	case found := <-answer:
		return startingWith(begun, found)
	case <-ctx.Done():
		return nil
	}
}
