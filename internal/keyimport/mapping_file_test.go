package keyimport_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/keyimport"
)

func TestReadMapping(t *testing.T) {
	text := `
secret: key
name: name
owner: email
created_at: created_at
scopes: {can_change_model: change-model}
status:
  columns: [approved, is_active]
  rules:
    - {values: [0, 0], status: pending}
    - {values: ["1", 1], status: active}
    - {values: [true, false], status: disabled}
    - {values: [0, 1], status: rejected}
`
	got, err := keyimport.ReadMapping(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := appMapping
	want.Status.Rules = append([]keyimport.StatusRule{}, want.Status.Rules...)
	want.Status.Rules[2].Values = []string{"true", "false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
}

func TestMappingsThatCanNotBeRead(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"nothing", "", "empty"},
		{"a misspelt field", "secret: key\ntitle: name\n", "2:1: unknown field"},
		{"a list for a text", "secret: [a]\n", "1:9: "},
		{"the same field twice", "name: a\nname: b\n", "2:1: "},
		{"no YAML", "secret: {", "1:9: "},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := keyimport.ReadMapping(strings.NewReader(row.text)); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
		})
	}
}
