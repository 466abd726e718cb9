package upgrade_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

// formerCommit is where schema version 4 landed, the first that says which builds
// run on it. Its build knows nothing of any migration after that.
const formerCommit = "d523612dd590fbf0a911e458f8db6bf1850c3704"

var errNoHistory = errors.New("the build of a former schema needs the repository's history")

// formerDir is where buildFormer has its source and its binary; empty before.
var formerDir string

var buildFormer = sync.OnceValues(func() (harness.Build, error) {
	var err error
	if formerDir, err = os.MkdirTemp("", "ration-upgrade-"); err != nil {
		return harness.Build{}, err
	}
	return buildCommit(context.Background(), ".", formerCommit, formerDir)
})

// former returns the build of formerCommit, built once.
func former(t *testing.T) harness.Build {
	t.Helper()
	build, err := buildFormer()
	if err != nil {
		t.Fatal(err)
	}
	return build
}

// buildCommit builds a commit of the repository around a directory, into an empty
// one. It changes nothing of the repository.
func buildCommit(ctx context.Context, repository, commit, into string) (harness.Build, error) {
	top, err := git(ctx, repository, into, "rev-parse", "--show-toplevel")
	if err != nil {
		return harness.Build{}, fmt.Errorf("%w, and this is no clone: get the source with git clone (%w)", errNoHistory, err)
	}
	if _, err := git(ctx, top, into, "cat-file", "-e", commit+"^{commit}"); err != nil {
		return harness.Build{}, fmt.Errorf("%w, and this clone lacks commit %s: run git fetch --unshallow, or set fetch-depth: 0 in CI (%w)", errNoHistory, commit, err)
	}
	source := filepath.Join(into, "source")
	if _, err := git(ctx, top, into, "read-tree", commit); err != nil {
		return harness.Build{}, err
	}
	if _, err := git(ctx, top, into, "checkout-index", "--all", "--prefix="+source+"/"); err != nil {
		return harness.Build{}, err
	}
	build := harness.Build{Path: filepath.Join(into, "ration-former")}
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", build.Path, "./cmd/ration")
	command.Dir, command.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := command.CombinedOutput(); err != nil {
		return harness.Build{}, fmt.Errorf("building commit %s: %w\n%s", commit, err, out)
	}
	return build, nil
}

// git runs git in a directory with an index of its own, also in a checkout of
// another user, and under no influence of a hook that runs the tests.
func git(ctx context.Context, dir, index string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*"}, args...)...)
	command.Dir = dir
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "GIT_INDEX_FILE="+filepath.Join(index, "index"))
	out, err := command.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", args[0], err, text)
	}
	return text, nil
}

func TestAFormerBuildNeedsTheHistory(t *testing.T) {
	t.Run("no clone", func(t *testing.T) {
		expectCure(t, t.TempDir(), "git clone")
	})
	t.Run("a shallow clone", func(t *testing.T) {
		dir := t.TempDir()
		for _, args := range [][]string{{"init", "-q"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "only"}} {
			if _, err := git(t.Context(), dir, t.TempDir(), args...); err != nil {
				t.Fatal(err)
			}
		}
		expectCure(t, dir, "git fetch --unshallow")
	})
}

func expectCure(t *testing.T, repository, cure string) {
	t.Helper()
	_, err := buildCommit(t.Context(), repository, formerCommit, t.TempDir())
	if !errors.Is(err, errNoHistory) || !strings.Contains(err.Error(), cure) {
		t.Errorf("the error is %v, want one that says %q", err, cure)
	}
}
