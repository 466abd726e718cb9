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

This page lists every setting. It is generated from the table that Ration itself uses. Ration takes a setting from its flag, or else from its environment variable, or else from the YAML file
(`+"`--config` or `RATION_CONFIG`"+`), or else it uses the default. Only the settings under "Only in the file" need a file.
`+"`ration config check --config ration.yaml`"+` finds mistakes, such as unknown names, and shows their line and column.

`+"```yaml\n%s```"+`

Durations have units (`+"`30s`, `10m`, `1h30m`"+`). If a setting needs a value, an empty variable is a mistake. If you give a setting in several places, the log says which one applies.
A variable that starts with `+"`RATION_`"+` and is not a setting is a mistake too, but for `+"`RATION_URL` and `RATION_TOKEN`"+`, by which programs find the verify API, `+"`RATION_ADMIN_URL` and `RATION_ADMIN_TOKEN`"+`, by which they find the admin API ([commands](CLI.md) send that token too), and the two by which shells ask for completions.

Some words: a *meter* is something that Ration counts, such as requests or tokens. A *reservation* sets amounts aside until their real cost is known; *settling* it counts that cost.

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
