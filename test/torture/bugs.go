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

// Builds makes the build that a run needs, and leaves the source as it is: with a mistake,
// if one is named, and with a clock that steps, if the options say so.
func (o *Options) Builds(t *testing.T, bug string) harness.Build {
	t.Helper()
	dir, over := t.TempDir(), make(Overlay)
	if bug != "" {
		if err := over.Patch(t.Context(), filepath.Join("bugs", bug+".patch"), dir); err != nil {
			t.Fatal(err)
		}
	}
	if o.stepsProcess() {
		if err := over.StepClock(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
	}
	if len(over) == 0 {
		return harness.ThisBuild(t)
	}
	list, err := over.write(dir)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "ration")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", list, "-trimpath", "-buildvcs=false", "-o", binary, "./cmd/ration")
	build.Dir = source
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("ration can't be built over with %v (mistake: %q): %v\n%s", over, bug, err, out)
	}
	return harness.Build{Path: binary}
}

// patched finds the files of a patch.
var patched = regexp.MustCompile(`(?m)^\+\+\+ b/(\S+)`)

// Overlay has the file that a build reads in place of each of some others.
type Overlay map[string]string

// Patch copies the files that a patch changes to a directory, and changes the copies.
func (o Overlay) Patch(ctx context.Context, patch, dir string) error {
	text, err := os.ReadFile(patch)
	if err != nil {
		return err
	}
	root, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	for _, match := range patched.FindAllSubmatch(text, -1) {
		name := string(match[1])
		copied := filepath.Join(dir, name)
		if err := copyFile(filepath.Join(root, name), copied); err != nil {
			return outdated(patch, err)
		}
		o[filepath.Join(root, name)] = copied
	}
	apply := exec.CommandContext(ctx, "git", "apply", "--recount", "-")
	apply.Dir, apply.Stdin = dir, bytes.NewReader(text)
	apply.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir)) // it is no part of a repository
	if out, err := apply.CombinedOutput(); err != nil {
		return outdated(patch, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out)))
	}
	return nil
}

// write writes the file that says so to "go build -overlay".
func (o Overlay) write(dir string) (list string, err error) {
	content, err := json.Marshal(struct{ Replace Overlay }{o})
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
