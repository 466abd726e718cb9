package deploy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// listed is what "go list" says of a package on some platform.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string
	Module          *struct {
		Path string
		Main bool
	}
}

// isTranslated reports whether a package is C that was translated to Go by a
// machine: too much to read here. The cross builds of the long tests compile it.
func (l listed) isTranslated() bool {
	return l.Module != nil && strings.HasPrefix(l.Module.Path, "modernc.org/")
}

// TestWindowsHasAllThatIsUsed type-checks Ration as it is on the platform that is
// least like the one of these tests. Building it takes minutes: the long tests do.
func TestWindowsHasAllThatIsUsed(t *testing.T) {
	_, build, _ := readRelease(t)
	command := goFor(t, "windows", "amd64", "list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,Module", build.Main)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, command.Stderr)
	}
	c := checker{done: map[string]*types.Package{"unsafe": types.Unsafe}, files: token.NewFileSet()}
	own := 0
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := decoder.Decode(&l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if l.ImportPath == "unsafe" || l.isTranslated() {
			continue
		}
		if l.Module != nil && l.Module.Main {
			own++
		}
		for _, fault := range c.check(l) {
			t.Errorf("%s: %v", l.ImportPath, fault)
		}
	}
	if own < 10 {
		t.Errorf("only %d packages of the module were checked", own)
	}
}

// goFor prepares a go command for another platform.
func goFor(t *testing.T, system, architecture string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+architecture)
	command.Stderr = new(bytes.Buffer)
	return command
}

// checker type-checks packages, each after those that it imports.
type checker struct {
	done  map[string]*types.Package
	files *token.FileSet
}

// check type-checks a package: all of it if it is of this module, else what it
// declares.
func (c *checker) check(l listed) (faults []error) {
	var files []*ast.File
	for _, name := range l.GoFiles {
		file, err := parser.ParseFile(c.files, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return []error{err}
		}
		files = append(files, file)
	}
	config := types.Config{
		IgnoreFuncBodies: l.Module == nil || !l.Module.Main,
		Sizes:            types.SizesFor("gc", "amd64"),
		Importer:         imports{c, l.ImportMap},
		Error: func(err error) {
			// That of a package that was left out; nothing of it is complained of.
			if !strings.Contains(err.Error(), errLeftOut.Error()) {
				faults = append(faults, err)
			}
		},
	}
	c.done[l.ImportPath], _ = config.Check(l.ImportPath, c.files, files, nil)
	return faults
}

var errLeftOut = errors.New("left out")

// imports resolves the imports of one package.
type imports struct {
	*checker
	renamed map[string]string
}

// Import implements types.Importer.
func (i imports) Import(path string) (*types.Package, error) {
	if vendored, ok := i.renamed[path]; ok {
		path = vendored
	}
	if done, ok := i.done[path]; ok {
		return done, nil
	}
	return nil, fmt.Errorf("%s was %w", path, errLeftOut)
}
