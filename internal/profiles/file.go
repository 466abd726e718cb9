package profiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"

	"github.com/ration-dev/ration/internal/config"
)

// File is a user's profiles. Its zero value has none.
type File struct {
	Path     string             `yaml:"-"`
	Use      string             `yaml:"use,omitempty"` // the profile that counts if nothing is named; empty: none
	Profiles map[string]Profile `yaml:"profiles"`
}

// Errors of what a file holds.
var (
	ErrNone   = errors.New("there is no such profile")
	ErrExists = errors.New("there is a profile of this name already")
)

// Load reads a file. One that is not there has no profiles. Error: a [*config.Error].
func Load(path string) (File, error) {
	f := File{Path: path, Profiles: map[string]Profile{}}
	text, err := config.ReadPrivate(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, &config.Error{Where: path, Reason: err.Error()}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&f); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return f, &config.Error{Where: path, Reason: "it can't be read as profiles; correct it, or remove it and add the profiles again"} // what the parser says may show a token
	}
	for name, profile := range f.Profiles {
		if err := profile.check(); err != nil {
			return f, &config.Error{Where: path, Reason: fmt.Sprintf("profile %.64q: %s", name, err)}
		}
	}
	if _, known := f.Profiles[f.Use]; f.Use != "" && !known {
		return f, &config.Error{Where: path, Reason: fmt.Sprintf("use: there is no profile %.64q", f.Use)}
	}
	return f, nil
}

// Add adds a profile, or replaces it if that is asked for. Errors: [ErrExists], and what
// is wrong with the profile.
func (f *File) Add(name string, profile Profile, replace bool) error {
	if _, known := f.Profiles[name]; known && !replace {
		return fmt.Errorf("%w: %q", ErrExists, name)
	}
	if err := profile.check(); err != nil {
		return err
	}
	f.Profiles[name] = profile
	return nil
}

// Remove takes a profile away, and no longer uses it. Error: [ErrNone].
func (f *File) Remove(name string) error {
	if _, known := f.Profiles[name]; !known {
		return fmt.Errorf("%w: %q", ErrNone, name)
	}
	delete(f.Profiles, name)
	if f.Use == name {
		f.Use = ""
	}
	return nil
}

// Save writes the file, whole or not at all, so that only its owner can read it.
func (f *File) Save() (err error) {
	text, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	path := f.Path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // the link stays one
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	written, err := os.CreateTemp(filepath.Dir(path), ".profiles-") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(written.Name()))
		}
	}()
	_, err = written.Write(text)
	if err := errors.Join(err, written.Sync(), written.Close()); err != nil {
		return err
	}
	return os.Rename(written.Name(), path)
}
