package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/numeral"
	"github.com/ration-dev/ration/internal/wire"
)

func (a *app) explainCommand() *cobra.Command {
	var question admin.ExplainQuestion
	var amounts []string
	var ip string
	cmd := &cobra.Command{
		Use: "explain KEY", Short: "Show what each limit of a key would say about a request, and why",
		Long: `Shows whether a request of this key would be admitted now. For each of the key's
limits, it shows what the limit says and why, which reservations hold how much of
it, and when it resets. Nothing is charged.`,
		Example: `  ration explain key_…
  ration explain key_… --amount tokens=1200 --scope search`,
		Args: oneKey,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if question.Amounts, err = parseAmounts(amounts); err != nil {
				return err
			}
			if ip != "" {
				if question.IP, err = netip.ParseAddr(ip); err != nil {
					return &ration.InvalidError{Field: "--ip", Value: ip, Reason: `use an address such as "203.0.113.7"`}
				}
			}
			return a.with(cmd.Context(), mustExist, func(ops admin.Operations) error {
				if question.KeyID, err = keyID(cmd.Context(), ops, args[0]); err != nil {
					return err
				}
				explanation, err := ops.ExplainKey(cmd.Context(), question)
				if err != nil {
					return err
				}
				return a.showExplanation(wire.Explanation(explanation), question)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&amounts, "amount", nil, "what the request would cost, such as tokens=1200 or eur=0.25; repeat for several (default: requests=1)")
	flags.StringVar(&question.Scope, "scope", "", "a scope that the key must have")
	flags.StringVar(&ip, "ip", "", "the client's address, for keys that allow only some addresses")
	return cmd
}

// parseAmounts reads amounts as meter=units.
func parseAmounts(texts []string) ([]ration.Amount, error) {
	var amounts []ration.Amount
	for _, text := range texts {
		meter, units, found := strings.Cut(text, "=")
		number, err := numeral.Parse(units)
		if !found || errors.Is(err, numeral.ErrSyntax) {
			return nil, &ration.InvalidError{Field: "--amount", Value: text, Reason: "use a meter and a number, such as tokens=1200"}
		}
		if err != nil {
			return nil, &ration.InvalidError{Field: "amounts." + meter, Value: units, Reason: err.Error()}
		}
		amounts = append(amounts, number.Amount(meter))
	}
	return amounts, nil
}

// showExplanation prints the answer and a table for each part of it; CSV has one
// line a limit.
func (a *app) showExplanation(e api.Explanation, question admin.ExplainQuestion) error {
	limits := explainedLimitListing(e)
	if a.format != formatTable {
		return a.show(limits)
	}
	answer := "It would be admitted."
	if !e.Allowed {
		answer = "It would be refused: " + e.Code + lacking(e.Code, question)
		if e.RetryAfter != nil {
			until := e.At.Add(time.Duration(*e.RetryAfter)*time.Second + time.Second - time.Nanosecond) // it is shown without fractions
			answer += ", until " + instantText(&until)
		}
	}
	fmt.Fprintf(a.stdout, "%s (%s)\n%s\n", e.Key.ID, visible(e.Key.Name), answer)
	if len(e.Limits) == 0 {
		fmt.Fprintln(a.stdout, "No limit applies to it.")
	}
	for _, part := range []listing{limits, detailListing(e), reservationListing(e.Reservations)} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintln(a.stdout)
		if err := showTable(a.stdout, part); err != nil {
			return err
		}
	}
	return nil
}

// lacking says what of the question the key doesn't have.
func lacking(code string, question admin.ExplainQuestion) string {
	switch ration.Code(code) {
	case ration.CodeInsufficientScope:
		return fmt.Sprintf("; the key lacks the scope %q", question.Scope)
	case ration.CodeIPNotAllowed:
		return "; the key may not be used from " + question.IP.String()
	}
	return ""
}

func explainedLimitListing(e api.Explanation) listing {
	list := listing{value: e, columns: []column{
		{name: "limit"},
		{name: "allows"},
		{name: "used"},
		{name: "reserved"},
		{name: "remaining"},
		{name: "asked"},
		{name: "says"},
		{name: "resets_at"},
		{name: "from"},
	}}
	for _, limit := range e.Limits {
		from := "key"
		if limit.Plan != "" {
			from = "plan " + limit.Plan
		}
		if limit.Until != nil {
			from += ", until " + instantText(limit.Until) + ", then " + limit.Then
		}
		list.rows = append(list.rows, []string{
			limit.Name, limit.Allows, string(limit.Used), string(limit.Reserved), string(limit.Remaining),
			string(limit.Asked), limit.Code, instantText(limit.ResetsAt), from,
		})
	}
	return list
}

// detailListing says why, limit by limit, and who holds what is reserved.
func detailListing(e api.Explanation) listing {
	list := listing{columns: []column{{name: "limit"}, {name: "because"}}}
	for _, limit := range e.Limits {
		list.rows = append(list.rows, []string{limit.Name, limit.Detail})
		for _, hold := range limit.Holds {
			list.rows = append(list.rows, []string{"", fmt.Sprintf("%s are held by %s until %s", hold.Units, hold.Reservation, instantText(&hold.ExpiresAt))})
		}
	}
	return list
}

func reservationListing(reservations []api.Reservation) listing {
	list := listing{columns: []column{{name: "reservation"}, {name: "holds"}, {name: "made_at"}, {name: "expires_at"}, {name: "at_expiry"}}}
	for _, r := range reservations {
		list.rows = append(list.rows, []string{r.ID, amountsText(r.Held), instantText(&r.CreatedAt), instantText(&r.ExpiresAt), r.AtExpiry})
	}
	return list
}

func amountsText(amounts map[string]api.Number) string {
	texts := make([]string, 0, len(amounts))
	for _, meter := range slices.SortedFunc(maps.Keys(amounts), ration.CompareMeters) {
		texts = append(texts, meter+"="+string(amounts[meter]))
	}
	return strings.Join(texts, " ")
}
