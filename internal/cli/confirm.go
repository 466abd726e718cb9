package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// confirm makes a command ask before it does what can't be undone. Without a
// terminal to ask at, --yes is needed.
func (a *app) confirm(cmd *cobra.Command, warning string) {
	var yes bool
	asks(cmd, &yes, "It asks first.")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !yes {
			if err := a.ask(fmt.Sprintf(warning, visible(args[0]))); err != nil {
				return err
			}
		}
		return run(cmd, args)
	}
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
