package docs_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/cli"
)

// TestCommandsOfThePlansPageWork runs the page's commands one after the other on
// a database of its own. "key_…" is the key that was created last. A block of YAML that
// begins with a file's name is that file.
func TestCommandsOfThePlansPageWork(t *testing.T) {
	page := read(t, "docs/PLANS.md")
	t.Chdir(t.TempDir())
	for _, file := range regexp.MustCompile("(?s)```yaml\n# (\\S+)\n(.*?)```").FindAllSubmatch(page, -1) {
		if err := os.WriteFile(string(file[1]), file[2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var key string
	ran := 0
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(page, -1) {
		for line := range strings.Lines(string(block[1])) {
			args := words(strings.ReplaceAll(line, "key_…", key))
			if len(args) < 3 || args[0] != "$" || args[1] != "ration" {
				t.Fatalf("%q is no command of the form $ ration …", line)
			}
			var stdout, stderr bytes.Buffer
			if code := cli.Main(t.Context(), args[2:], strings.NewReader(""), &stdout, &stderr, nil); code != 0 {
				t.Fatalf("%s: exit code %d\n%s", line, code, &stderr)
			}
			if created := regexp.MustCompile(`Created key (key_[0-9a-f-]+)`).FindSubmatch(stderr.Bytes()); created != nil {
				key = string(created[1])
			}
			ran++
		}
	}
	if ran < 10 {
		t.Errorf("only %d commands were found", ran)
	}
}

// words splits a line as a shell does, as far as the page needs it.
func words(line string) []string {
	var all []string
	for _, word := range regexp.MustCompile(`"[^"]*"|#.*|\S+`).FindAllString(line, -1) {
		if !strings.HasPrefix(word, "#") {
			all = append(all, strings.Trim(word, `"`))
		}
	}
	return all
}
