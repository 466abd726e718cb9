package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/wire"
)

// previewHelp is what 'plans update' says of --preview.
const previewHelp = `With --preview nothing changes. Instead it shows what the plan would have refused in the
last 30 days if it had been so: of each period, what was used beyond the limit. Rates and
concurrent limits can't be told from the history. With --select, it judges other keys as
if they had the plan: what moving them to it would mean.`

// previewFlags are those of a preview.
type previewFlags struct {
	preview bool
	keys    keySelection
}

func (f *previewFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.preview, "preview", false, "change nothing, and show what would have been refused in the last 30 days")
	flags.StringArrayVar(&f.keys.fields, "select", nil, `with --preview: judge the keys with this "plan=…", "owner=…", "status=…" or "name=…" as if they had the plan; repeat for keys that match all`)
}

func (f *previewFlags) check() error {
	if f.keys.many() && !f.preview {
		return usagef("--select needs --preview: to give keys another plan, use 'ration keys update --select … --plan NAME'")
	}
	return nil
}

func (a *app) previewPlan(ctx context.Context, ops admin.Operations, patch admin.PlanPatch, flags *previewFlags) error {
	ask := admin.PlanPreview{Patch: patch}
	if flags.keys.many() {
		filter, err := flags.keys.filter()
		if err != nil {
			return err
		}
		ask.Keys = &filter
	}
	found, err := ops.PreviewPlan(ctx, ask)
	if err != nil {
		return explainPlan(ctx, ops, patch.Name, err)
	}
	return a.showPreview(wire.PlanPreviewed(found))
}

// showPreview shows what each limit and each key would have been refused.
func (a *app) showPreview(preview api.PlanPreviewed) error {
	if a.format == formatTable && !a.quiet {
		if limits := previewedLimits(preview); len(limits.rows) > 0 {
			if err := showTable(a.stdout, limits); err != nil {
				return err
			}
		}
		if len(preview.Worst) > 0 {
			fmt.Fprintln(a.stdout)
		}
	}
	if err := a.show(previewedKeys(preview)); err != nil {
		return err
	}
	a.say("%s", previewSummary(preview))
	return nil
}

// previewSummary says how much of all usage would have been refused.
func previewSummary(preview api.PlanPreviewed) string {
	refused := make([]string, len(preview.Meters))
	denied := ""
	for i, meter := range preview.Meters {
		refused[i] = fmt.Sprintf("%s of %s %s", meter.Refused, meter.Used, meter.Meter)
		if meter.Denied > 0 {
			denied += fmt.Sprintf(" %s denied on %s in that time; they are not among these.", counted(meter.Denied, "charge was", "charges were"), meter.Meter)
		}
	}
	of := counted(preview.Keys, "key", "keys")
	if preview.More {
		of = "the first " + of
	}
	return fmt.Sprintf("From %s to %s, %d of %s would have been refused something: %s.%s Nothing was changed.",
		preview.From, preview.To, preview.KeysRefused, of, strings.Join(refused, ", "), denied)
}

func previewedLimits(preview api.PlanPreviewed) listing {
	list := listing{columns: []column{{name: "limit"}, {name: "allows"}, {name: "refused"}, {name: "keys"}, {name: "periods"}, {name: "note"}}}
	for _, limit := range preview.Limits {
		row := []string{limit.Limit.Name, meterLimitText(limit.Limit), string(limit.Refused), strconv.Itoa(limit.Keys), strconv.Itoa(limit.Periods), previewNote(&limit)}
		if limit.Unknown != "" {
			row[2], row[3], row[4] = "?", "?", "?"
		}
		list.rows = append(list.rows, row)
	}
	return list
}

func previewNote(limit *api.PreviewedLimit) string {
	var notes []string
	if limit.Unknown != "" {
		notes = append(notes, limit.Unknown)
	}
	if limit.Since != nil {
		notes = append(notes, "known since "+instantText(limit.Since))
	}
	if limit.UnknownKeys > 0 {
		notes = append(notes, "not known of "+counted(limit.UnknownKeys, "key", "keys")+", whose periods don't begin on a full UTC hour")
	}
	if limit.Overridden > 0 {
		notes = append(notes, counted(limit.Overridden, "key has its", "keys have their")+" own")
	}
	return strings.Join(notes, "; ")
}

func previewedKeys(preview api.PlanPreviewed) listing {
	list := listing{
		value:   preview,
		columns: []column{{name: "key_id"}, {name: "key_name"}, {name: "owner"}, {name: "plan", wide: true}, {name: "limit"}, {name: "refused"}, {name: "periods"}, {name: "most"}},
	}
	for _, key := range preview.Worst {
		for i := range key.Limits {
			limit := &key.Limits[i]
			list.rows = append(list.rows, []string{
				key.KeyID, key.KeyName, key.Owner, key.Plan, limit.Limit.Name, string(limit.Refused), strconv.Itoa(limit.Count), worstPeriod(limit),
			})
		}
	}
	return list
}

// worstPeriod says when most would have been refused.
func worstPeriod(limit *api.PreviewedKeyLimit) string {
	worst, most := "", 0.0
	for _, period := range limit.Periods {
		if refused, err := strconv.ParseFloat(string(period.Refused), 64); err == nil && refused > most { // to compare, that is exact enough
			worst, most = fmt.Sprintf("%s: %s of %s", orDash(period.Begins), period.Refused, period.Used), refused
		}
	}
	return worst
}
