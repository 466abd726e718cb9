package docs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

const chart = "../../deploy/helm/ration"

// ofCommands are settings that a server takes no notice of.
var ofCommands = []string{"server", "token_file", "ca_file", "accept_plain_server", "profile"}

// TestReferenceOfTheChart: a setting that is misspelt in the values of the Helm chart is
// refused before anything is installed.
func TestReferenceOfTheChart(t *testing.T) {
	const path = chart + "/values.schema.json"
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(before, &schema); err != nil {
		t.Fatal(err)
	}
	settings := make(map[string]any)
	for _, s := range append(config.Settings(), config.FileSettings()...) {
		if slices.Contains(ofCommands, s.Name) {
			continue
		}
		settings[s.Name] = map[string]any{}
		switch s.Form {
		case "true or false":
			settings[s.Name] = map[string]any{"type": []string{"boolean", "null"}}
		case "whole number":
			settings[s.Name] = map[string]any{"type": []string{"integer", "null"}}
		}
	}
	schema["properties"].(map[string]any)["config"].(map[string]any)["properties"] = settings
	var after bytes.Buffer
	encoder := json.NewEncoder(&after)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(before, after.Bytes()) {
		return
	}
	if !*update {
		t.Fatalf("%s doesn't have the settings of internal/config; run 'go test ./test/docs -run Reference -update'", path)
	}
	if err := os.WriteFile(path, after.Bytes(), 0o644); err != nil { //nolint:gosec // everybody may read a chart
		t.Fatal(err)
	}
}

// TestSecretsHaveNoPlaceInTheConfigMap: of the settings, those that hold a secret or name
// a file with one can't be given in the values.
func TestSecretsHaveNoPlaceInTheConfigMap(t *testing.T) {
	template, err := os.ReadFile(chart + "/templates/refuse.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)\$instead := dict(.*?)-}}`).FindSubmatch(template)
	if list == nil {
		t.Fatal("refuse.yaml has no list of what to set instead")
	}
	refused := make(map[string]bool)
	for i, quoted := range regexp.MustCompile(`"([^"]*)"`).FindAllSubmatch(list[1], -1) {
		if i%2 == 0 {
			refused[string(quoted[1])] = true
		}
	}
	for _, s := range append(config.Settings(), config.FileSettings()...) {
		secret := s.Name == "db" || s.Name == "upstream_headers" || strings.HasSuffix(s.Name, "_key_file") ||
			regexp.MustCompile(`(secret|token|pepper)`).MatchString(s.Name) && strings.HasSuffix(s.Name, "_file")
		ours := strings.HasSuffix(s.Name, "listen") || strings.HasPrefix(s.Name, "shutdown_") || strings.HasSuffix(s.Name, "_cert_file") || s.Name == "upstream"
		if slices.Contains(ofCommands, s.Name) {
			continue
		}
		if want := secret || ours; refused[s.Name] != want {
			t.Errorf("%s is refused in the values of the Helm chart: %t, want %t; the list is $instead in templates/refuse.yaml", s.Name, refused[s.Name], want)
		}
		delete(refused, s.Name)
	}
	for name := range refused {
		t.Errorf("%s is refused in the values, and is no setting", name)
	}
}
