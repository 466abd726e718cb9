package deploy_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// buildDir is where a source was built; empty before.
var buildDir string

// makeBuild builds as the Dockerfile does: in a clone, without what .dockerignore
// keeps from it. It returns the clone's commit.
var makeBuild = sync.OnceValues(func() (commit string, err error) {
	if buildDir, err = os.MkdirTemp("", "ration-deploy-"); err != nil {
		return "", err
	}
	if err := os.CopyFS(buildDir, source{os.DirFS(root)}); err != nil {
		return "", err
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "--all"}, {"commit", "-q", "--no-verify", "-m", "source"}} {
		if _, err := run("git", args...); err != nil {
			return "", err
		}
	}
	if commit, err = run("git", "rev-parse", "HEAD"); err != nil {
		return "", err
	}
	if err := dockerIgnore(buildDir); err != nil {
		return "", err
	}
	_, err = run("make", "build")
	return strings.TrimSpace(commit), err
})

// binary returns the path of what "make build" has built.
func binary(t *testing.T) string {
	t.Helper()
	if _, err := makeBuild(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(buildDir, "bin", "ration")
}

// run runs a command in the source, under no influence of the settings of a
// user, a hook or the make that runs the tests.
func run(name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir = buildDir
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") && !strings.HasPrefix(variable, "MAKE") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "GOFLAGS=", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=t", "GIT_AUTHOR_EMAIL=t", "GIT_COMMITTER_NAME=t", "GIT_COMMITTER_EMAIL=t")
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("running %s %s: %w\n%s%s", name, strings.Join(args, " "), err, out, &stderr)
	}
	return string(out), nil
}

// source is the module's directory without the history and what was built in it.
type source struct{ fs.FS }

// Open implements fs.FS.
func (s source) Open(name string) (fs.File, error) {
	file, err := s.FS.Open(name)
	if dir, ok := file.(fs.ReadDirFile); ok && name == "." {
		return top{dir}, err
	}
	return file, err
}

// top is the uppermost directory of a source.
type top struct{ fs.ReadDirFile }

// ReadDir implements fs.ReadDirFile.
func (d top) ReadDir(n int) ([]fs.DirEntry, error) {
	entries, err := d.ReadDirFile.ReadDir(n)
	var kept []fs.DirEntry
	for _, entry := range entries {
		switch entry.Name() {
		case ".git", ".cache", "bin", "dist":
		default:
			kept = append(kept, entry)
		}
	}
	return kept, err
}

// dockerIgnore removes what .dockerignore names, of which it knows names and
// patterns at the top, and below **/ at any depth.
func dockerIgnore(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, ".dockerignore"))
	if err != nil {
		return err
	}
	var patterns []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, line)
		}
	}
	var errs []error
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, _ fs.DirEntry, err error) error {
		for _, pattern := range patterns {
			subject := name
			if rest, anywhere := strings.CutPrefix(pattern, "**/"); anywhere {
				pattern, subject = rest, path.Base(name)
			}
			if strings.HasPrefix(pattern, "!") || strings.Contains(pattern, "**") {
				return fmt.Errorf(".dockerignore: %q is beyond this test", pattern)
			}
			if matched, _ := path.Match(pattern, subject); matched {
				errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // it was removed
			return nil
		}
		return err
	})
	return errors.Join(append(errs, err)...)
}
