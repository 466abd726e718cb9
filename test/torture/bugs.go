package torture

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// patched finds the files of a patch.
var patched = regexp.MustCompile(`(?m)^\+\+\+ b/(\S+)`)

// BuildWith builds ration with a patch of the directory bugs, and leaves the source as it
// is. Patches are in the form of "git diff".
func BuildWith(t *testing.T, patch string) harness.Build {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("bugs", patch+".patch"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	for _, match := range patched.FindAllSubmatch(text, -1) {
		name := string(match[1])
		original, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			t.Fatalf("%s.patch changes %s, which can't be read: %v", patch, name, err)
		}
		copied := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied, original, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(source, name)] = copied
	}
	apply := exec.CommandContext(t.Context(), "git", "apply", "--recount", path)
	apply.Dir = dir
	apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // it is no part of a repository
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("test/torture/bugs/%s.patch no longer applies: the code that it spoils has changed. Spoil it in the same way where it is now. %v\n%s", patch, err, bytes.TrimSpace(out))
	}
	replaced, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, replaced, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "ration")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", list, "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/ration")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("ration with test/torture/bugs/%s.patch can't be built: %v\n%s", patch, err, out)
	}
	return harness.Build{Path: binary}
}
