package torture

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// source is where the patches apply.
const source = "../.."

// Bugs returns the names of the mistakes that ration can be built with: patches in the
// directory bugs, in the form of "git diff".
func Bugs() ([]string, error) {
	files, err := filepath.Glob("bugs/*.patch")
	for i, file := range files {
		files[i] = file[len("bugs/") : len(file)-len(".patch")]
	}
	return files, err
}

// BuildWith builds ration with a mistake, and leaves the source as it is.
func BuildWith(t *testing.T, bug string) harness.Build {
	t.Helper()
	dir := t.TempDir()
	overlay, err := Overlay(t.Context(), filepath.Join("bugs", bug+".patch"), dir)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "ration")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/ration")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("ration with bugs/%s.patch can't be built: %v\n%s", bug, err, out)
	}
	return harness.Build{Path: binary}
}

// patched finds the files of a patch.
var patched = regexp.MustCompile(`(?m)^\+\+\+ b/(\S+)`)

// Overlay copies the files that a patch changes to a directory, changes the copies, and
// returns the file that says so to "go build -overlay".
func Overlay(ctx context.Context, patch, dir string) (list string, err error) {
	text, err := os.ReadFile(patch)
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs(source)
	if err != nil {
		return "", err
	}
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	for _, match := range patched.FindAllSubmatch(text, -1) {
		name := string(match[1])
		copied := filepath.Join(dir, name)
		if err := copyFile(filepath.Join(root, name), copied); err != nil {
			return "", outdated(patch, err)
		}
		overlay.Replace[filepath.Join(root, name)] = copied
	}
	apply := exec.CommandContext(ctx, "git", "apply", "--recount", "-")
	apply.Dir, apply.Stdin = dir, bytes.NewReader(text)
	apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // it is no part of a repository
	if out, err := apply.CombinedOutput(); err != nil {
		return "", outdated(patch, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out)))
	}
	content, err := json.Marshal(overlay)
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, content, 0o600)
}

func outdated(patch string, err error) error {
	return fmt.Errorf("test/torture/%s no longer applies, because the code that it spoils has changed: spoil it in the same way where it is now: %w", patch, err)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o600)
}
