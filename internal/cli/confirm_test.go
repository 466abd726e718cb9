package cli_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestHelpOfEveryCommandThatAsksSaysSo goes through all commands: those that can
// ask have the flag --yes.
func TestHelpOfEveryCommandThatAsksSaysSo(t *testing.T) {
	asking := 0
	var visit func(path []string)
	visit = func(path []string) {
		help := runIn(t, nil, append(path, "--help")...).stdout
		if strings.Contains(help, "--yes") {
			asking++
			before, _, _ := strings.Cut(help, "Usage:")
			if !strings.Contains(before, "asks") || !strings.Contains(before, "--yes") {
				t.Errorf("'ration %s --help' does not say that it asks, and that scripts need --yes:\n%s", strings.Join(path, " "), before)
			}
		}
		_, commands, _ := strings.Cut(help, "Available Commands:\n")
		commands, _, _ = strings.Cut(commands, "\n\n")
		for _, match := range regexp.MustCompile(`(?m)^  (\S+)`).FindAllStringSubmatch(commands, -1) {
			if match[1] != "help" && match[1] != "completion" {
				visit(append(append([]string(nil), path...), match[1]))
			}
		}
	}
	visit(nil)
	if asking < 8 { // keys revoke, update, disable, enable, secrets; plans delete; tokens revoke; doctor
		t.Errorf("%d commands can ask; the test has not found them all", asking)
	}
}
