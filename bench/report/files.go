package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Name is what the files of a result are called, without an extension.
func (r *Result) Name() string { return r.Date + "-" + short(r.Commit) }

// Write writes a result into a directory: as JSON, in Markdown, and its chart.
func (r *Result) Write(dir string) error {
	content, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	for extension, content := range map[string][]byte{".json": append(content, '\n'), ".md": []byte(r.Markdown()), ".svg": r.Chart()} {
		if err := os.WriteFile(filepath.Join(dir, r.Name()+extension), content, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}

// Read reads the file of a result.
func Read(path string) (*Result, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	result := new(Result)
	if err := decoder.Decode(result); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return result, nil
}

// Newest reads the newest result of a directory; nil: it has none.
func Newest(dir string) (*Result, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var newest *Result
	slices.Sort(files)
	for _, file := range files {
		result, err := Read(file)
		if err != nil {
			return nil, err
		}
		if newest == nil || !result.At.Before(newest.At) {
			newest = result
		}
	}
	return newest, nil
}
