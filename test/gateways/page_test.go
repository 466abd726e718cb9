package gateways

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// page is the documentation that the tests run.
const page = "../../docs/GATEWAYS.md"

// linesOf returns the code in a section of the page, of one language: the block there is.
func linesOf(t *testing.T, section, language string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, found, _ := strings.Cut(string(text), "\n## "+section+"\n")
	found, _, _ = strings.Cut(found, "\n## ")
	blocks := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(found, -1)
	if len(blocks) == 0 {
		t.Fatalf("%s has no %s in the section %q", page, language, section)
	}
	return blocks[0][1]
}

// placed returns lines of the page with the addresses of a test in place of those that
// the page names. Each has to be there.
func placed(t *testing.T, lines string, places map[string]string) string {
	t.Helper()
	if count := strings.Count(strings.TrimSpace(lines), "\n") + 1; count > 10 {
		t.Errorf("%d lines of configuration; the page promises at most 10:\n%s", count, lines)
	}
	for from, to := range places {
		if !strings.Contains(lines, from) {
			t.Fatalf("there is no %q in\n%s", from, lines)
		}
		lines = strings.ReplaceAll(lines, from, to)
	}
	return lines
}
