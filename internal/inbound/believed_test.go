package inbound_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/inbound"
)

// TestListOfClaimsIsDocumented compares the list with the one for people.
func TestListOfClaimsIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/INTEGRATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## Headers that clients may not set")
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for _, match := range regexp.MustCompile("`([A-Za-z0-9-]+)(…?)`").FindAllStringSubmatch(section, -1) {
		documented = append(documented, match[1]+match[2])
	}
	var want []string
	for _, name := range inbound.Believed {
		if word, exact := strings.CutSuffix(name, "-"); exact {
			name = word
		} else {
			name += "…"
		}
		want = append(want, name)
	}
	documented = slices.DeleteFunc(documented, func(name string) bool { return !slices.Contains(want, name) })
	for _, name := range inbound.Endings {
		if !strings.Contains(section, "`…"+name+"`") {
			t.Errorf("docs/INTEGRATIONS.md has no …%s", name)
		}
	}
	slices.Sort(documented)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Compact(documented)); diff != "" {
		t.Errorf("docs/INTEGRATIONS.md and the code differ (-code +docs):\n%s", diff)
	}
}
