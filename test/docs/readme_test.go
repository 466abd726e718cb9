package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
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
	for _, document := range []string{"README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/CONFIGURATION.md", "docs/FAQ.md", "docs/GUARANTEES.md", "docs/HIGH-AVAILABILITY.md", "docs/INSTALL.md", "docs/INTEGRATIONS.md", "docs/MIGRATING.md", "docs/OPERATIONS.md", "docs/PLANS.md", "docs/REFUNDS.md", "docs/SQL.md", "docs/VERIFY.md"} {
		for _, link := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllSubmatch(read(t, document), -1) {
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(document), string(link[1]))); err != nil {
				t.Errorf("%s: %v", document, err)
			}
		}
	}
}

func read(t *testing.T, document string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", document))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
