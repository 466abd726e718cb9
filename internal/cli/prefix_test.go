package cli_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// TestSecretsOutliveAChangeOfTheirPrefix serves, under one prefix after the other, what
// was made under another and what others made.
func TestSecretsOutliveAChangeOfTheirPrefix(t *testing.T) {
	t.Chdir(t.TempDir())
	const foreign, ofOurForm, byDigest = "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "sk_4eC39HqLyjWDarjtT1zdp7dc01234567890123", "acme_0123456789abcdef0123456789abcdef012345"
	under := func(prefix string) []string { return []string{"RATION_SECRET_PREFIX=" + prefix} }
	do := func(prefix string, args ...string) string {
		t.Helper()
		got := runIn(t, under(prefix), args...)
		wants(t, got, 0)
		return strings.TrimSpace(got.stdout)
	}
	made := []string{foreign, ofOurForm, byDigest}
	var tokens []string
	for _, prefix := range []string{"acme_live", "a_token", "rk"} {
		made = append(made, do(prefix, "keys", "create", "k", "-q"))
		tokens = append(tokens, do(prefix, "tokens", "create", "of-"+prefix, "--scope", "verify", "-q"))
	}
	writeFile(t, "keys.csv", "secret,name\n"+foreign+",A\n"+ofOurForm+",B\n", 0o600)
	do("sk", "keys", "import", "keys.csv")
	writeFile(t, "digests.csv", fmt.Sprintf("secret,name\n%x,C\n", sha256.Sum256([]byte(byDigest))), 0o600)
	writeFile(t, "import.yaml", "secret: secret\nsecret_form: sha256\nname: name\n", 0o600)
	do("sk", "keys", "import", "digests.csv", "--mapping", "import.yaml")
	for _, prefix := range []string{"sk", "acme", "a", "rk"} {
		running := startServer(t, under(prefix))
		for _, token := range tokens {
			for _, secret := range made {
				if answer := verify(t, running, token, secret); !strings.Contains(answer, `"allowed":true`) {
					t.Errorf("under %q, token %.12s… and secret %.12s…: %s", prefix, token, secret, answer)
				}
			}
		}
		wants(t, running.stop(), 0)
	}
}
