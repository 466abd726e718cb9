package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/config"
)

var update = flag.Bool("update", false, "write the reference of settings anew")

const configurationPage = "docs/CONFIGURATION.md"

// TestReferenceOfSettings compares the page with the table of settings, from
// which "go test ./test/docs -update" makes it.
func TestReferenceOfSettings(t *testing.T) {
	want := reference()
	if *update {
		if err := os.WriteFile(filepath.Join("../..", configurationPage), []byte(want), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, string(read(t, configurationPage))); diff != "" {
		t.Errorf("the page differs from the table; run 'go test ./test/docs -update' (-table +page):\n%s", diff)
	}
	for _, field := range append(append(config.Settings(), config.FileSettings()...), config.RouteFields()...) {
		if field.Form == "" || !strings.HasSuffix(field.Doc, ".") {
			t.Errorf("%s lacks a form, or a sentence about it", field.Name)
		}
	}
}

func TestExampleOfTheConfigurationPageIsValid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ration.yaml")
	if err := os.WriteFile(path, []byte(configurationExample), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{File: path})
	if err != nil || len(settings.Routes.Routes) != 3 {
		t.Errorf("got %d routes, %v", len(settings.Routes.Routes), err)
	}
}

const configurationExample = `db: sqlite:/var/lib/ration/ration.db
upstream: http://127.0.0.1:8000
log_format: json
routes:
  - {path: /health, free: true}
  - {path: /v1/search, methods: [POST], amounts: {requests: 1, search: 1}}
  - {path: /v1/admin/*, scope: admin}
`

func reference() string {
	var page strings.Builder
	fmt.Fprintf(&page, `# Configuration

Every setting, made from the table that Ration reads them by. A setting comes from a flag, else from an environment variable, else from the one YAML file
(`+"`--config` or `RATION_CONFIG`"+`), else it has its default. Nothing needs a file but what stands under "Only in the file".
`+"`ration config check --config ration.yaml`"+` finds mistakes by line and column, unknown names among them.

`+"```yaml\n%s```"+`

Durations have units (`+"`30s`, `10m`, `1h30m`"+`). A variable that is set to nothing is a mistake where a value is required. Where several places give a setting, the log says which one holds.

## Settings

| in the file | flag | variable | value | default | |
|---|---|---|---|---|---|
`, configurationExample)
	for _, s := range config.Settings() {
		fmt.Fprintf(&page, "| `%s` | `%s` | `%s` | %s | %s | %s |\n", s.Name, s.Flag(), s.Variable(), cell(s.Form), code(s.Default), cell(s.Doc))
	}
	page.WriteString("\n## Only in the file\n\n| setting | value | |\n|---|---|---|\n")
	for _, s := range config.FileSettings() {
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", s.Name, cell(s.Form), cell(s.Doc))
	}
	page.WriteString("\n## A route\n\n| field | value | |\n|---|---|---|\n")
	for _, field := range config.RouteFields() {
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", field.Name, cell(field.Form), cell(field.Doc))
	}
	page.WriteString("\n[examples/app-takeover/ration.yaml](../examples/app-takeover/ration.yaml) has `rewrite` and `errors` in use.\n")
	return page.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
