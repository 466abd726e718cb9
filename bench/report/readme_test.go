package report_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/bench/report"
)

const (
	root    = "../.."
	results = "bench/results" // seen from there
)

// newest is nil before the first run.
func newest(t *testing.T) *report.Result {
	t.Helper()
	result, err := report.Newest(filepath.Join(root, results))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestTheREADMEShowsTheNewestResult(t *testing.T) {
	t.Parallel()
	result := newest(t)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	section, found := report.Section(readme)
	if !found {
		t.Fatal("the README has no part for results")
	}
	if result == nil {
		if section != "" {
			t.Errorf("the README shows figures that no result has:\n%s", section)
		}
		return
	}
	if diff := cmp.Diff(result.Summary(results), section); diff != "" {
		t.Errorf("the README differs from %s.json; make bench writes both:\n%s", result.Name(), diff)
	}
	for extension, want := range map[string]string{".md": result.Markdown(), ".svg": string(result.Chart())} {
		got, err := os.ReadFile(filepath.Join(root, results, result.Name()+extension))
		if err != nil {
			t.Error(err)
		} else if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s%s differs from the JSON beside it:\n%s", result.Name(), extension, diff)
		}
	}
}

// TestTheNewestResultIsNoOlderThanARelease: a release's figures are measured after the
// release before it.
func TestTheNewestResultIsNoOlderThanARelease(t *testing.T) {
	t.Parallel()
	if shallow, err := git("rev-parse", "--is-shallow-repository"); err != nil || shallow != "false" {
		t.Skip("this is no checkout with its history")
	}
	result := newest(t)
	if result == nil {
		t.Skip("there is no result yet")
	}
	if result.Changed {
		t.Errorf("%s was measured with changes that are in no commit", result.Name())
	}
	if _, err := git("merge-base", "--is-ancestor", result.Commit, "HEAD"); err != nil {
		t.Errorf("the commit of %s is not in the history of this one: %v", result.Name(), err)
	}
	last, err := git("describe", "--tags", "--abbrev=0", "--match", "v*")
	if err != nil {
		return // nothing is released yet
	}
	release, err := git("describe", "--tags", "--abbrev=0", "--match", "v*", last+"^")
	if err != nil {
		return // nothing was released before
	}
	if _, err := git("merge-base", "--is-ancestor", release, result.Commit); err != nil {
		t.Errorf("%s is older than %s: run make bench", result.Name(), release)
	}
}

// git asks git in any checkout, also in one of another user, as many CI containers have it.
func git(args ...string) (string, error) {
	command := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	command.Dir = root
	output, err := command.Output()
	return strings.TrimSpace(string(output)), err
}
