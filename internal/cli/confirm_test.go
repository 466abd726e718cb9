package cli_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// TestHelpOfEveryCommandThatAsksSaysSo goes through all commands: those that can
// ask have the flag --yes.
func TestHelpOfEveryCommandThatAsksSaysSo(t *testing.T) {
	asking := 0
	for _, words := range runnable() {
		if cmd, _, err := cli.Command(words...); err != nil || cmd.Flags().Lookup("yes") == nil {
			continue
		}
		asking++
		help := runIn(t, nil, append(words, "--help")...).stdout
		before, _, _ := strings.Cut(help, "Usage:")
		if !strings.Contains(before, "asks") || !strings.Contains(before, "--yes") {
			t.Errorf("'ration %s --help' does not say that it asks, and that scripts need --yes:\n%s", strings.Join(words, " "), before)
		}
	}
	if asking < 8 { // keys revoke, update, disable, enable, secrets; plans delete; tokens revoke; doctor
		t.Errorf("%d commands can ask; the test has not found them all", asking)
	}
}
