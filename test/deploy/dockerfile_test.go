package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, args string }

// flags returns the values of an instruction's flags, and its words after them.
func (i instruction) flags() (flags map[string]string, words []string) {
	flags = make(map[string]string)
	words = strings.Fields(i.args)
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		name, value, _ := strings.Cut(words[0], "=")
		flags[name], words = value, words[1:]
	}
	return flags, words
}

// exec returns the words of an instruction in exec form, which needs no shell.
func (i instruction) exec(t *testing.T) []string {
	t.Helper()
	var words []string
	if err := json.Unmarshal([]byte(i.args), &words); err != nil {
		t.Fatalf("%s %s is not in exec form: %v", i.name, i.args, err)
	}
	return words
}

// stage is what comes after one FROM.
type stage struct {
	from         string
	instructions []instruction
}

func (s stage) all(name string) []instruction {
	return slices.DeleteFunc(slices.Clone(s.instructions), func(i instruction) bool { return i.name != name })
}

func (s stage) one(t *testing.T, name string) instruction {
	t.Helper()
	all := s.all(name)
	if len(all) != 1 {
		t.Fatalf("the stage from %s has %d %s, want one", s.from, len(all), name)
	}
	return all[0]
}

// stages reads the Dockerfile, which must be the two stages of a build.
func stages(t *testing.T) (build, final stage) {
	t.Helper()
	text := regexp.MustCompile(`(?m)^#.*\n`).ReplaceAllString(read(t, "Dockerfile"), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	var all []stage
	for line := range strings.Lines(text) {
		name, args, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch {
		case name == "":
		case name == "FROM":
			all = append(all, stage{from: args})
		case len(all) == 0:
			t.Fatalf("%s before the first FROM", name)
		default:
			last := &all[len(all)-1]
			last.instructions = append(last.instructions, instruction{name, args})
		}
	}
	if len(all) != 2 {
		t.Fatalf("the Dockerfile has %d stages, want two", len(all))
	}
	return all[0], all[1]
}

func TestImageIsBuiltByTheModulesGo(t *testing.T) {
	build, _ := stages(t)
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "go.mod"))
	if want := "golang:" + version[1] + "-bookworm AS build"; build.from != want {
		t.Errorf("built from %s, want %s", build.from, want)
	}
	if !slices.Contains(build.all("RUN"), instruction{"RUN", "make build"}) {
		t.Error(`the image's binary is not that of "make build", which the other tests run`)
	}
	for _, copied := range build.all("COPY") {
		_, words := copied.flags()
		for _, name := range words[:len(words)-1] {
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("COPY %s: %v", copied.args, err)
			}
		}
	}
}

func TestImageHoldsTheBinaryAndRunsItWithoutRights(t *testing.T) {
	_, final := stages(t)
	if final.from != "scratch" {
		t.Errorf("the image is made from %s", final.from)
	}
	if user := final.one(t, "USER").args; !regexp.MustCompile(`^[1-9]\d*:[1-9]\d*$`).MatchString(user) {
		t.Errorf("USER %s is not known to be without rights", user)
	}
	binary, data := false, false
	for _, copied := range final.all("COPY") {
		flags, words := copied.flags()
		if flags["--from"] != "build" {
			t.Errorf("COPY %s is not from the build", copied.args)
		}
		binary = binary || slices.Equal(words, []string{"/src/bin/ration", "/usr/bin/ration"})
		data = data || flags["--chown"] == final.one(t, "USER").args && slices.Equal(words, []string{"/data", final.one(t, "VOLUME").args})
	}
	if !binary || !data {
		t.Errorf("the image has the binary: %t, a place for data that its user owns: %t", binary, data)
	}
}

func TestImageListensWhereItSays(t *testing.T) {
	_, final := stages(t)
	env := environment(final)
	for _, variable := range []string{"RATION_LISTEN", "RATION_API_LISTEN"} {
		port, ok := strings.CutPrefix(env[variable], "0.0.0.0:")
		if !ok || !slices.Contains(strings.Fields(final.one(t, "EXPOSE").args), port) {
			t.Errorf("%s=%s can't be reached, or is not exposed", variable, env[variable])
		}
	}
	if directory := filepath.Dir(strings.TrimPrefix(env["RATION_DB"], "sqlite:")); directory != final.one(t, "VOLUME").args {
		t.Errorf("the database is in %s, which is no volume", directory)
	}
}

func environment(s stage) map[string]string {
	env := make(map[string]string)
	for _, set := range s.all("ENV") {
		name, value, _ := strings.Cut(set.args, "=")
		env[name] = value
	}
	return env
}
