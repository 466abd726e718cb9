package cli

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// keyChoices returns ids with what people know keys by. A name that can be typed
// without quotes is a choice too, once it is begun.
func keyChoices(ctx context.Context, ops admin.Operations, begun string) ([]cobra.Completion, error) {
	records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{After: admin.KeyPosition{ID: before(begun)}})
	if err != nil {
		return nil, err
	}
	var found []cobra.Completion
	for _, record := range records {
		about := []string{record.Name}
		for _, more := range []string{record.Owner, record.Plan} {
			if more != "" {
				about = append(about, more)
			}
		}
		if record.Status != ration.StatusActive {
			about = append(about, string(record.Status))
		}
		found = append(found, choice(record.ID.String(), strings.Join(about, ", ")))
		if begun != "" && isPlain(record.Name) && strings.HasPrefix(record.Name, begun) {
			found = append(found, choice(record.Name, record.ID.String()))
		}
	}
	return found, nil
}

// before returns the greatest id that is less than all that begin with a text, so that
// those are found among any number of keys. For other texts it is zero.
func before(begun string) (id ration.KeyID) {
	digits, isID := strings.CutPrefix(begun, "key_")
	digits = strings.ReplaceAll(digits, "-", "")
	if !isID || len(digits) > 2*len(id) {
		return ration.KeyID{}
	}
	if _, err := hex.Decode(id[:], []byte(digits+strings.Repeat("0", 2*len(id)-len(digits)))); err != nil {
		return ration.KeyID{}
	}
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]--; id[i] != 0xff {
			return id
		}
	}
	return ration.KeyID{}
}

func planChoices(ctx context.Context, ops admin.Operations, _ string) ([]cobra.Completion, error) {
	plans, err := ops.ListPlans(ctx, admin.NameFilter{})
	found := make([]cobra.Completion, len(plans))
	for i, plan := range plans {
		limits := make([]string, len(plan.Limits))
		for j, limit := range plan.Limits {
			limits[j] = limit.String()
		}
		found[i] = choice(plan.Name, strings.Join(limits, ", "))
	}
	return found, err
}

// ownerChoices looks at the first keys only, as suggestions in errors do.
func ownerChoices(ctx context.Context, ops admin.Operations, _ string) ([]cobra.Completion, error) {
	records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{})
	var owners []cobra.Completion
	for _, record := range records {
		if record.Owner != "" {
			owners = append(owners, visible(record.Owner))
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners), err
}

// meterChoices returns the meters of limits, those that were given a unit, and requests,
// which always is one.
func meterChoices(ctx context.Context, ops admin.Operations, _ string) ([]cobra.Completion, error) {
	plans, err := ops.ListPlans(ctx, admin.NameFilter{})
	if err != nil {
		return nil, err
	}
	records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{})
	if err != nil {
		return nil, err
	}
	declared, err := ops.ListMeters(ctx, admin.NameFilter{})
	meters := []cobra.Completion{ration.MeterRequests}
	for _, meter := range declared {
		meters = append(meters, meter.Name)
	}
	for _, plan := range plans {
		for _, limit := range plan.Limits {
			meters = append(meters, limit.Meter)
		}
	}
	for _, record := range records {
		for _, own := range record.Overrides {
			meters = append(meters, own.Meter)
		}
	}
	slices.Sort(meters)
	return slices.Compact(meters), err
}

func tokenChoices(ctx context.Context, ops admin.Operations, _ string) ([]cobra.Completion, error) {
	tokens, err := ops.ListTokens(ctx, admin.TokenFilter{})
	var found []cobra.Completion
	for _, token := range tokens {
		if token.RevokedAt.IsZero() {
			found = append(found, choice(token.Name, strings.Join(token.Scopes, " ")))
		}
	}
	return found, err
}

// completeSecret completes the two ids of a key and one of its secrets.
func (a *app) completeSecret(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	find := keyChoices
	switch len(args) {
	case 0:
	case 1:
		find = func(ctx context.Context, ops admin.Operations, _ string) ([]cobra.Completion, error) {
			id, err := keyID(ctx, ops, args[0])
			if err != nil {
				return nil, err
			}
			status, err := ops.ShowKey(ctx, id)
			var found []cobra.Completion
			for _, secret := range status.Secrets {
				if secret.RevokedAt.IsZero() {
					found = append(found, choice(secret.ID.String(), secret.Label))
				}
			}
			return found, err
		}
	default:
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.find(cmd.Context(), begun, find), cobra.ShellCompDirectiveNoFileComp
}

// completeSelection completes "FIELD=VALUE", first the field.
func (a *app) completeSelection(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
	field, value, named := strings.Cut(begun, "=")
	if !named {
		return startingWith(begun, []cobra.Completion{"plan=", "owner=", "status=", "name=", "unlimited="}), cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
	}
	var values []cobra.Completion
	switch field {
	case "plan":
		values = a.find(cmd.Context(), value, planChoices)
	case "owner":
		values = a.find(cmd.Context(), value, ownerChoices)
	case "status":
		values = startingWith(value, statusNames())
	case "unlimited":
		values = startingWith(value, []cobra.Completion{string(admin.UnlimitedUnmarked), string(admin.UnlimitedMarked), string(admin.UnlimitedAny)})
	}
	for i := range values {
		values[i] = field + "=" + values[i]
	}
	return values, cobra.ShellCompDirectiveNoFileComp
}

// choice is a value and what is said about it, on one line.
func choice(value, about string) cobra.Completion {
	return cobra.CompletionWithDesc(visible(value), visible(about))
}

// isPlain reports whether a shell takes a text as it is.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("_-.@", r)
	})
}

// completeProfile completes the names of profiles.
func (a *app) completeProfile(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	file, err := a.profileFile()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []cobra.Completion
	for _, name := range sortedNames(file.Profiles) {
		found = append(found, choice(name, file.Profiles[name].Server))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}
