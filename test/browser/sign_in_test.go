package browser_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/testoidc"
	"github.com/ration-dev/ration/test/harness"
)

// TestSignInByAProvider comes back from a provider of another site, which is where a browser
// holds cookies back.
func TestSignInByAProvider(t *testing.T) {
	provider := testoidc.New(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(testoidc.ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	admin := harness.FreeAddr(t)
	console := "http://" + strings.Replace(admin, "127.0.0.1", "localhost", 1)
	newRig(t, "--admin-listen", admin, "--console-url", console, "--oidc-issuer", provider.URL, "--oidc-client-id", testoidc.ClientID,
		"--oidc-client-secret-file", file, "--oidc-read-groups", "staff")
	b := newTab(t, console, provider.URL)
	b.open(console + "/keys")
	b.follow("a", "Sign in with 127.0.0.1")
	await[bool](b, "the console", `() => location.pathname === "/" && document.querySelector("nav") !== null`)
	b.open(console + "/keys")
	if path := get[string](b, `() => location.pathname`); path != "/keys" {
		t.Errorf("the session leads to %s", path)
	}
}
