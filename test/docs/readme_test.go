package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/rationhttp"
)

func TestConfigurationInTheREADMEIsValid(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(read(t, "README.md"))
	if block == nil {
		t.Fatal("the README shows no configuration")
	}
	path := filepath.Join(t.TempDir(), "ration.yaml")
	if err := os.WriteFile(path, block[1], 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{File: path})
	if err != nil || len(settings.Routes.Routes) != 4 {
		t.Errorf("got %d routes, %v", len(settings.Routes.Routes), err)
	}
}

func TestEveryCodeIsInTheVerifyPage(t *testing.T) {
	page := string(read(t, "docs/VERIFY.md"))
	for _, code := range []ration.Code{
		ration.CodeOK, ration.CodeKeyMissing, ration.CodeKeyUnknown, ration.CodeKeyExpired, ration.CodeKeyDisabled, ration.CodeKeyRevoked,
		ration.CodeInsufficientScope, ration.CodeIPNotAllowed, ration.CodeQuotaExceeded, ration.CodeRateExceeded, ration.CodeCostExceedsLimit,
		ration.CodeStoreUnavailable, ration.CodeOutcomeUnknown, ration.CodeClockSuspect,
		ration.CodeReservationUnknown, ration.CodeReservationConflict, ration.CodeReservationExpired, ration.CodeSettlementTooLarge,
		ration.CodeIdempotencyMismatch, rationhttp.CodeInvalidIdempotencyKey,
	} {
		if !strings.Contains(page, "`"+string(code)+"`") {
			t.Errorf("docs/VERIFY.md lacks %s", code)
		}
	}
}

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	for _, document := range append(pages(t), "README.md", "CONTRIBUTING.md") {
		for _, link := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllSubmatch(read(t, document), -1) {
			file, section, within := strings.Cut(string(link[1]), "#")
			target := document
			if file != "" {
				target = filepath.Join(filepath.Dir(document), file)
			}
			if _, err := os.Stat(filepath.Join("../..", target)); err != nil {
				t.Errorf("%s: %v", document, err)
			} else if within && !slices.Contains(sections(string(read(t, target))), section) {
				t.Errorf("%s: %s has no section %q", document, target, section)
			}
		}
	}
}

// sections returns the names by which links lead to a page's headings.
func sections(page string) (names []string) {
	for _, heading := range regexp.MustCompile("(?m)^#+ (.*)$").FindAllStringSubmatch(page, -1) {
		name := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// TestTheREADMELeadsToEveryPage, so that there is one order in which to read them.
func TestTheREADMELeadsToEveryPage(t *testing.T) {
	readme := string(read(t, "README.md"))
	for _, page := range pages(t) {
		if !strings.Contains(readme, "]("+page+"): ") && page != "docs/FAQ.md" {
			t.Errorf("the README's list of documentation lacks %s", page)
		}
	}
}

// pages returns the paths of all pages of the documentation.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(found) == 0 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	for i, page := range found {
		found[i] = filepath.ToSlash(strings.TrimPrefix(page, "../../"))
	}
	return found
}

func read(t *testing.T, document string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", document))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
