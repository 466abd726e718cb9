//go:build unix

package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// TestCallsOfTheAdminPageWork runs the page's commands as they stand, beside a server.
func TestCallsOfTheAdminPageWork(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/ADMIN.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 4 {
		t.Fatalf("the page has %d blocks in sh", len(blocks))
	}
	commands := string(blocks[0][1]) + string(blocks[1][1]) + "cat again.json\n" + string(blocks[2][1]) + "\n" + string(blocks[3][1]) + "\ncat job.json\n"
	dir, bin := t.TempDir(), t.TempDir()
	link(t, harness.Binary(t), filepath.Join(bin, "ration"))
	admin := "127.0.0.1:" + freePort(t)
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
	environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "no_proxy=127.0.0.1",
		"RATION_ADMIN_LISTEN="+admin, "RATION_API_LISTEN=127.0.0.1:"+freePort(t))
	script := "ration serve 2>log &\nuntil ration health >health 2>&1; do sleep 0.1; done\n" +
		strings.ReplaceAll(commands, "127.0.0.1:8082", admin) + "\ncat key.json\n"
	printed := runShell(t, dir, script, environment)
	for _, pattern := range []string{`"name":"free".*|free`, `"limits":\[\{"name":"requests-day".*"remaining":1000`, `"status":"revoked"`, `"owner":"ada@example.com".*"secret":"rk_\w+"`, `"owner":"bob@example.com".*"secret":"rk_\w+"`, `"state":"done".*"counts":\{"changed":2\}`} {
		if !regexp.MustCompile(pattern).MatchString(printed) {
			t.Errorf("%q is not in:\n%s", pattern, printed)
		}
	}
}
