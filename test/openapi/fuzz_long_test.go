//go:build long

package openapi_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/api/openapi"
	"github.com/ration-dev/ration/test/harness"
)

// TestFuzzersFindNoAnswerOutsideTheDocument lets Specmatic make requests from the document,
// some of which it allows and some of which it forbids, and judges the answers. What
// Specmatic itself expects is not asked: it takes "allowed by the document" for "succeeds",
// and a plan that a request names at random doesn't exist.
func TestFuzzersFindNoAnswerOutsideTheDocument(t *testing.T) {
	db := "sqlite:" + filepath.Join(t.TempDir(), "fuzz.db")
	harness.CLI(t, db, "plans", "create", "free", "--limit", "1000/day")
	key := harness.CreateKey(t, db, "--plan", "free")
	token := strings.TrimSpace(harness.CLI(t, db, "tokens", "create", "fuzz", "--scope", "admin", "--scope", "verify", "--quiet"))
	admin := harness.FreeAddr(t)
	instance := harness.NewInstance(t, db, harness.NewUpstream(t).URL, "--admin-listen", admin)
	instance.Start()
	instance.AwaitReady()

	for _, of := range []struct{ name, server, prefix string }{
		{"administration", "http://" + admin, "/v1/admin/"},
		{"decisions", instance.APIURL, "/v1/"},
	} {
		t.Run(of.name, func(t *testing.T) {
			judge := newJudge(t, of.server)
			fuzz(t, judge.URL, token, documentOf(t, of.prefix, key))
			judge.report()
			if len(judge.answers) < 10 {
				t.Errorf("only %d kinds of answers were seen", len(judge.answers))
			}
		})
	}
}

// fuzz runs Specmatic on a document.
func fuzz(t *testing.T, server, token string, document []byte) {
	t.Helper()
	jar, err := filepath.Abs("../../tools/fuzz/node_modules/specmatic/specmatic.jar")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(jar); errors.Is(err, fs.ErrNotExist) {
		t.Fatal("Specmatic is missing: run 'make document-tools'")
	}
	dir := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bearer := map[string]any{"type": "bearer", "token": token}
	config, err := json.Marshal(map[string]any{
		"version":   2,
		"contracts": []any{map[string]any{"provides": []string{"openapi.json"}}},
		"test": map[string]any{
			"resiliencyTests":            map[string]any{"enable": "all"},
			"maxTestRequestCombinations": 8,
			"timeoutInMilliseconds":      60_000,
		},
		"security": map[string]any{"OpenAPI": map[string]any{"securitySchemes": map[string]any{"token": bearer, "key": bearer}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	write("specmatic.json", config)
	write("openapi.json", document)
	run := exec.CommandContext(t.Context(), "java", "-jar", jar, "test", "--testBaseURL="+server)
	run.Dir = dir
	output, err := run.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	if !strings.Contains(string(output), "Tests run: ") {
		t.Fatalf("Specmatic did not come to its end: %v\n%s", err, output[max(0, len(output)-4000):])
	}
}

// mostParameters is how many optional parameters an operation of the fuzzer's document has
// at most: it tries all their subsets.
const mostParameters = 5

// documentOf returns the document with the operations whose paths begin with a prefix. An
// operation with many optional parameters has some of them, chosen at random. Texts that
// must be known to the server, or have a form that no schema describes, are said, so that
// requests get to where they change something.
func documentOf(t *testing.T, prefix string, key harness.Key) []byte {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(openapi.JSON, &document); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	paths := document["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if !strings.HasPrefix(path, prefix) || prefix == "/v1/" && strings.HasPrefix(path, "/v1/admin/") {
			delete(paths, path)
			continue
		}
		operations := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(operations)) {
			operation := operations[method].(map[string]any)
			parameters, _ := operation["parameters"].([]any)
			random.Shuffle(len(parameters), func(a, b int) { parameters[a], parameters[b] = parameters[b], parameters[a] })
			slices.SortStableFunc(parameters, func(a, b any) int { return needed(b) - needed(a) })
			if len(parameters) > mostParameters {
				parameters = parameters[:mostParameters]
				operation["parameters"] = parameters
			}
			for _, parameter := range parameters {
				say(parameter.(map[string]any)["schema"], parameter.(map[string]any)["name"], key)
			}
		}
	}
	for _, schema := range document["components"].(map[string]any)["schemas"].(map[string]any) {
		properties, _ := schema.(map[string]any)["properties"].(map[string]any)
		for name, property := range properties {
			say(property, name, key)
		}
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// say sets the values of a text that random ones would not hit.
func say(schema, name any, key harness.Key) {
	said := map[any]string{
		"id": key.ID, "key": key.ID, "key_id": key.ID, "name": "free", "plan": "free", "secret": key.Secret, "secrets": key.Secret, "If-Match": "*",
		"from": "2030-01-31", "to": "2030-02-01", "date": "2030-01-31", "time_zone": "Europe/Berlin", "zone": "Asia/Kathmandu", "unit": "0.01",
		"limit": "5/day", "limits": "7 tokens/hour", "remove_limits": "day", "set_limits": "9/month", "allowed_ips": "192.0.2.0/24", "ip": "192.0.2.1",
		"expires_at": "2040-01-01T00:00:00Z", "plans": "free",
	}[name]
	text, _ := schema.(map[string]any)
	if items, isList := text["items"].(map[string]any); isList {
		text = items
	}
	if kind, _ := json.Marshal(text["type"]); said != "" && strings.Contains(string(kind), `"string"`) && text["enum"] == nil {
		text["enum"], text["type"] = []string{said}, "string"
		delete(text, "format")
	}
}

func needed(parameter any) int {
	if required, _ := parameter.(map[string]any)["required"].(bool); required {
		return 1
	}
	return 0
}
