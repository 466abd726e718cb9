package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// keySelection names the keys of a command that can change many: by what they
// are, in place of one key's id.
type keySelection struct {
	fields []string // "plan=free"
	all    bool
	dryRun bool
	yes    bool

	background bool // servers do it
}

// asksForMany is when commands ask that can change many keys, unless they ask always.
const asksForMany = "With --select or --all it asks first."

// selectionFlags don't say what to change.
var selectionFlags = []string{"select", "all", "dry-run", "yes", "background"}

func (s *keySelection) register(cmd *cobra.Command, when string) {
	asks(cmd, &s.yes, when)
	cmd.Use += " | --select FIELD=VALUE | --all"
	cmd.Args = s.checkArgs
	flags := cmd.Flags()
	flags.StringArrayVar(&s.fields, "select", nil, `in place of KEY: all keys with this "plan=…", "owner=…", "status=…" or "name=…", or with "unlimited=unmarked", without any limit and not marked as meant so; repeat for keys that match all`)
	flags.BoolVar(&s.all, "all", false, "in place of KEY: every key")
	flags.BoolVar(&s.dryRun, "dry-run", false, "with --select or --all: only count what would change")
	flags.BoolVar(&s.background, "background", false, "with --select or --all: let servers do it, step by step, and print the job; see 'ration jobs --help'")
}

// many reports whether keys are named by what they are.
func (s *keySelection) many() bool { return s.all || len(s.fields) > 0 }

func (s *keySelection) checkArgs(cmd *cobra.Command, args []string) error {
	switch {
	case s.all && len(s.fields) > 0:
		return usagef("--all selects every key and --select some of them: give only one of the two")
	case s.many() && len(args) > 0:
		return usagef("%q names one key, but --select and --all select many: give only one of the two", args[0])
	case s.background && s.dryRun:
		return usagef("--background does it and --dry-run doesn't: give only one of the two")
	case s.many():
		return nil
	case s.background:
		return usagef("--background needs --select or --all")
	case s.dryRun:
		return usagef("--dry-run needs --select or --all")
	}
	return oneArgument("the id of a key (or --select or --all in its place)")(cmd, args)
}

// filter reads the fields. An empty value is refused: it could be a script's
// unset variable, and would leave out no key.
func (s *keySelection) filter() (filter admin.KeyFilter, err error) {
	var status, unlimited string
	targets := map[string]*string{
		"plan": &filter.Plan, "owner": &filter.Owner, "status": &status, "name": &filter.Name, "unlimited": &unlimited,
	}
	for _, text := range s.fields {
		name, value, _ := strings.Cut(text, "=")
		target := targets[name]
		switch {
		case target == nil || value == "":
			return filter, &ration.InvalidError{Field: "--select", Value: text, Reason: `write "plan=NAME", "owner=NAME", "status=STATUS", "name=NAME" or "unlimited=unmarked"`}
		case *target != "":
			return filter, &ration.InvalidError{Field: "--select", Value: text, Reason: "name each field once: a key must match all of them"}
		}
		*target = value
	}
	filter.Status, filter.Unlimited = ration.Status(status), admin.Unlimited(unlimited)
	return filter, nil
}

// String says which keys are meant, for people.
func (s *keySelection) String() string {
	if s.all {
		return ""
	}
	fields := slices.Clone(s.fields)
	for i := range fields {
		fields[i] = visible(fields[i])
	}
	return " with " + strings.Join(fields, " and ")
}
