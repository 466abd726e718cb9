package deploy_test

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// release is what .goreleaser.yaml may say; what is not here is a mistake.
type release struct {
	Version  int
	Project  string `yaml:"project_name"`
	Before   struct{ Hooks []string }
	Builds   []releaseBuild
	Archives []releaseArchive
	Checksum struct {
		Name string `yaml:"name_template"`
	}
	Changelog struct{ Disable bool }
	Release   struct {
		GitHub struct{ Owner, Name string } `yaml:"github"`
		Draft  bool
	}
}

type releaseBuild struct {
	Main, Binary        string
	Env, Flags, Ldflags []string
	Goos, Goarch        []string
	Modified            string `yaml:"mod_timestamp"`
}

type releaseArchive struct {
	Name      string `yaml:"name_template"`
	Formats   []string
	Overrides []struct {
		Goos    string
		Formats []string
	} `yaml:"format_overrides"`
	Wrap   bool       `yaml:"wrap_in_directory"`
	Binary packedInfo `yaml:"builds_info"`
	Files  []packedFile
}

type packedFile struct {
	Source string `yaml:"src"`
	Place  string `yaml:"dst"`
	Strip  bool   `yaml:"strip_parent"`
	Info   packedInfo
}

type packedInfo struct {
	Owner, Group, Mtime string
	Mode                uint32
}

func readRelease(t *testing.T) (release, releaseBuild, releaseArchive) {
	t.Helper()
	var r release
	if err := yaml.UnmarshalWithOptions([]byte(read(t, ".goreleaser.yaml")), &r, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if r.Version != 2 || len(r.Builds) != 1 || len(r.Archives) != 1 || len(r.Before.Hooks) != 2 {
		t.Fatalf("%+v, want version 2 with one build, one archive and two hooks", r)
	}
	return r, r.Builds[0], r.Archives[0]
}

// TestReleaseIsBuiltAsMakeBuilds: the binary of a release can be made again.
func TestReleaseIsBuiltAsMakeBuilds(t *testing.T) {
	r, build, _ := readRelease(t)
	recipe := regexp.MustCompile(`(?m)^build:.*\n\t(.*)$`).FindStringSubmatch(read(t, "Makefile"))
	words := slices.Concat(build.Env, []string{"go", "build"}, build.Flags, []string{"-o", "bin/" + build.Binary, build.Main})
	if got, want := strings.Join(words, " "), strings.Replace(recipe[1], "-buildvcs=auto", "-buildvcs=true", 1); got != want {
		t.Errorf("a release is built by\n%s, want\n%s", got, want)
	}
	if !slices.Equal(build.Ldflags, []string{""}) || build.Modified != "{{ .CommitTimestamp }}" {
		t.Errorf("link flags %q and time %q are not those of the commit alone", build.Ldflags, build.Modified)
	}
	if r.Before.Hooks[0] != "make build" {
		t.Errorf("the first hook is %q, want what the second one runs", r.Before.Hooks[0])
	}
}

// TestArchivesHoldWhatInstallingTakes runs the hook that makes what is not in the
// repository, and wants all of it packed.
func TestArchivesHoldWhatInstallingTakes(t *testing.T) {
	r, build, archive := readRelease(t)
	hook := strings.Fields(r.Before.Hooks[1])
	if len(hook) != 3 || hook[1] != "bin/"+build.Binary {
		t.Fatalf("the second hook is %q", hook)
	}
	made := filepath.Join(t.TempDir(), "archive")
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, hook[0]), binary(t), made).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := run("git", "check-ignore", "--quiet", hook[2]); err != nil {
		t.Errorf("what the hook makes would be a change of the source: %v", err)
	}

	packed := make(map[string]string) // by name in the archive
	for _, file := range archive.Files {
		directory, pattern := root, file.Source
		if rest, generated := strings.CutPrefix(pattern, hook[2]+"/"); generated {
			directory, pattern = made, rest
		}
		found, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil || len(found) == 0 {
			t.Errorf("no file is %s: %v", file.Source, err)
		}
		for _, source := range found {
			name := path.Join(path.Dir(file.Source), filepath.Base(source))
			if file.Strip {
				name = path.Join(file.Place, filepath.Base(source))
			}
			packed[name] = source
		}
		if file.Info.Mtime != "{{ .CommitDate }}" || file.Info.Mode != 0o644 {
			t.Errorf("%s is packed with %+v, not with the time of the commit for all to read", file.Source, file.Info)
		}
	}
	for _, name := range []string{
		"LICENSE", "README.md", "CHANGELOG.md", "docs/INSTALL.md", "deploy/ration.service", "deploy/ration.yaml", "man/ration.1",
		"man/ration-keys-create.1", "completions/ration.bash", "completions/ration.zsh", "completions/ration.fish",
	} {
		if packed[name] == "" {
			t.Errorf("archives have no %s", name)
		}
	}
	sources := slices.Collect(maps.Values(packed))
	err := filepath.WalkDir(made, func(name string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains(sources, name) {
			t.Errorf("the hook makes %s, which archives lack", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
