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

// TestCallsOfTheVerifyPageWork runs the page's complete calls as they stand: for a key
// that may be used, then for one that is revoked, then without Ration.
func TestCallsOfTheVerifyPageWork(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/VERIFY.md")
	if err != nil {
		t.Fatal(err)
	}
	db := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	key := harness.CreateKey(t, db, "--limit", "10000 tokens/day")
	instance := harness.NewInstance(t, db, harness.NewUpstream(t).URL)
	instance.Start()
	instance.AwaitReady()

	bin, dir := t.TempDir(), t.TempDir()
	link(t, harness.Binary(t), filepath.Join(bin, "ration"))
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "RATION_") })
	environment = append(environment, "PATH="+bin+":"+os.Getenv("PATH"), "RATION_DB="+db, "no_proxy=127.0.0.1")
	replacer := strings.NewReplacer("rk_…", key.Secret, "http://127.0.0.1:8081", instance.APIURL)
	block := func(language string) string {
		found := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllSubmatch(page, -1)
		if len(found) != 1 {
			t.Fatalf("the page has %d blocks in %s", len(found), language)
		}
		return replacer.Replace(string(found[0][1]))
	}
	shell := strings.ReplaceAll(block("sh"), "\ncurl ", "\necho $RATION_TOKEN >token\ncurl ")
	write(t, filepath.Join(dir, "call.py"), block("python"))
	write(t, filepath.Join(dir, "call.js"), block("js"))
	again := "\nexport RATION_URL=" + instance.APIURL + " RATION_TOKEN=$(cat token)\npython3 call.py\nnode call.js\n"

	for _, round := range []struct {
		name, script string
		prepare      func()
		want         []string
	}{
		{"allowed", shell + again, func() {}, []string{`"allowed":true`, `"remaining":8800`, `Let the request through.*r=7600`, `(?s)Let the request through.*r=6400`}},
		{"revoked", again, func() { harness.CLI(t, db, "keys", "revoke", key.ID, "--yes") }, []string{`(?s)Send this to the client.*401.*Send this to the client.*401`}},
		{"without Ration", again, instance.Kill, []string{`(?s)Answer 503.*Answer 503`}},
	} {
		round.prepare()
		printed := runShell(t, dir, round.script, environment)
		for _, pattern := range round.want {
			if !regexp.MustCompile(pattern).MatchString(printed) {
				t.Errorf("%s: %q is not in:\n%s", round.name, pattern, printed)
			}
		}
	}
}
