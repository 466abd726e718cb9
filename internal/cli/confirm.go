package cli

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ration-dev/ration/internal/admin"
)

// confirm asks before a command does what can't be undone, unless yes was given. Check
// finds what is wrong with the command before anybody is asked, and returns the warning;
// it is empty if there is nothing to ask about. It names what was found, and not what was
// typed, which may be a secret. Nobody else is kept from the database while confirm asks.
func (a *app) confirm(ctx context.Context, yes bool, check func(admin.Operations) (warning string, err error)) error {
	var warning string
	err := a.with(ctx, mustExist, func(ops admin.Operations) (err error) {
		warning, err = check(ops)
		return err
	})
	if err != nil || yes || warning == "" {
		return err
	}
	return a.ask(warning)
}

// asks gives a command its flag --yes, and says in its help when it asks.
func asks(cmd *cobra.Command, yes *bool, when string) {
	if cmd.Long == "" {
		cmd.Long = cmd.Short + "."
	}
	cmd.Long += "\n\n" + when + " A script has no terminal to ask at, and needs --yes."
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "do not ask; scripts need it")
}

func (a *app) ask(warning string) error {
	if !isTerminal(a.stdin) {
		return usagef("%s Without a terminal to ask at, give --yes", warning)
	}
	fmt.Fprintf(a.stderr, "%s Type \"yes\" to go on: ", warning)
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil { // the end of input is a no, and nobody has ended the line
		fmt.Fprintln(a.stderr)
	}
	if strings.TrimSpace(answer) != "yes" {
		return usagef("not confirmed; nothing was changed")
	}
	return nil
}

// isTerminal takes any character device for one: at /dev/null the question
// gets no answer, which is a no.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
