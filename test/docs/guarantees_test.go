package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page names tests as `package` TestName, and tests of the store contract by
// their words in quotes.
func TestEveryTestThatTheGuaranteesNameExists(t *testing.T) {
	page := string(read(t, "docs/GUARANTEES.md"))
	named := regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w+`).FindAllString(page, -1)
	if len(named) < 20 {
		t.Fatalf("the page names %d tests", len(named))
	}
	tests := sources(t, "../..", "_test.go")
	for _, name := range named {
		if !strings.Contains(tests, "\nfunc "+name+"(") {
			t.Errorf("there is no %s", name)
		}
	}
	contract := sources(t, "../../internal/storetest", ".go")
	for _, words := range regexp.MustCompile(`“([^”]+)”`).FindAllStringSubmatch(page, -1) {
		if name := strings.Join(strings.Fields(words[1]), " "); !strings.Contains(contract, `{"`+name+`", `) {
			t.Errorf("the store contract has no test %q", name)
		}
	}
}

// sources returns the Go files of a tree whose names end so, as one text.
func sources(t *testing.T, root, suffix string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, suffix) {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
