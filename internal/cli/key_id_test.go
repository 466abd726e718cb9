package cli_test

import (
	"os"
	"strings"
	"testing"
)

// TestPartsOfSecretsAreRefusedAndNotRepeated whatever command gets them.
func TestPartsOfSecretsAreRefusedAndNotRepeated(t *testing.T) {
	t.Chdir(t.TempDir())
	const database, imported = "sqlite:ration.db", "short-one-of-another"
	secret := must(t, database, "keys", "create", "laptop", "-o", "json")
	_, secret, _ = strings.Cut(secret, `"secret": "`)
	secret, _, _ = strings.Cut(secret, `"`)
	if err := os.WriteFile("keys.csv", []byte("secret,name\n"+imported+",phone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, database, "keys", "import", "keys.csv", "--unlimited")
	for name, text := range map[string]string{"9 characters": secret[:9], "all but one": secret[:len(secret)-1], "one more": secret + "x", "an imported one": imported, "a part that names nothing else": secret[:20] + "…abcd"} {
		for _, command := range []string{"explain", "keys show", "keys revoke --yes"} {
			done := invoke(t, database, append(strings.Fields(command), text)...)
			if done.code != 2 || !strings.Contains(done.stderr, "never give more than 8 characters") || strings.Contains(done.stdout+done.stderr, text) {
				t.Errorf("%s of %s: exit code %d: %s%s", command, name, done.code, done.stdout, done.stderr)
			}
		}
	}
	if done := invoke(t, database, "explain", secret[:8]); done.code != 0 {
		t.Errorf("8 characters: exit code %d: %s", done.code, done.stderr)
	}
	if done := invoke(t, database, "explain", "a name of nobody"); done.code != 1 || !strings.Contains(done.stderr, "no key has this") {
		t.Errorf("no secret: exit code %d: %s", done.code, done.stderr)
	}
}
