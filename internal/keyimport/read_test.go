package keyimport_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ration-dev/ration/internal/keyimport"
)

// canary stands where a secret would; no text may show it.
const canary = "Kq7canaryZt4xW9mPb2"

func TestFilesThatCannotBeRead(t *testing.T) {
	environment := func(r io.Reader) (*keyimport.Table, error) { return keyimport.ReadEnvironment(r, "API_KEYS") }
	for _, row := range []struct {
		name string
		read func(io.Reader) (*keyimport.Table, error)
		text string
		want string
	}{
		{"empty CSV", keyimport.ReadCSV, "", "there is no header row"},
		{"NUL in the header", keyimport.ReadCSV, canary + "\x00,name\n", "column 1 of the header row"},
		{"column without a name", keyimport.ReadCSV, canary + ",\n", "column 2 of the header row"},
		{"column there twice", keyimport.ReadCSV, canary + ",name," + canary + "\n", "columns 1 and 3"},
		{"UTF-16 without a mark", keyimport.ReadCSV, "k\x00e\x00y\x00\n\x00", "it seems to be UTF-16 without a mark; save it as UTF-8"},
		{"Windows-1252", keyimport.ReadCSV, "key,name\n" + canary + ",J\xfcrgen\n", "line 2 is not UTF-8 (perhaps Windows-1252"},
		{"row too short", keyimport.ReadCSV, "key,name\n" + canary + "\n", "line 2: wrong number of fields"},
		{"quote never closed", keyimport.ReadCSV, "key,name\nx,y\n\"" + canary + ",Ada\n", "line 3"},
		{"quote in a plain cell", keyimport.ReadCSV, "key,name\n" + canary + "\"x,Ada\n", `line 2: bare "`},
		{"broken header", keyimport.ReadCSV, canary + "\"x,name\n", `line 1: bare "`},

		{"no such variable", environment, "API_KEYS_OLD={}\n", "does not set it"},
		{"variable set twice", environment, "API_KEYS={}\n\nAPI_KEYS={}\n", "on line 1 and again on line 3"},
		{"bytes that are not UTF-8", environment, "A=1\nAPI_KEYS={\"" + canary + "\xff\": {}}\n", "line 2: use valid UTF-8"},
		{"no value", environment, "API_KEYS=\n", "line 1: broken JSON at byte 0"},
		{"JSON cut off", environment, `API_KEYS={"` + canary + `": {"name": "Ad`, "broken JSON at byte"},
		{"JSON not quoted", environment, `API_KEYS={` + canary + `: {}}`, "broken JSON at byte 1"},
		{"raw NUL in JSON", environment, "API_KEYS={\"" + canary + "\x00\": {}}", "broken JSON at byte 21"},
		{"object never closed", environment, `API_KEYS={"` + canary + `": {}`, "broken JSON at byte"},
		{"no object", environment, `API_KEYS="['` + canary + `']"`, "the value must be a JSON object"},
		{"array", environment, `API_KEYS=["` + canary + `"]`, "the value must be a JSON object"},
		{"entry is text", environment, `API_KEYS={"x": {}, "Ada": "` + canary + `"}`, "entry 2 must be a JSON object"},
		{"nested field", environment, `API_KEYS={"` + canary + `": {"name": ["` + canary + `"]}}`, "entry 1: a field must hold text"},
		{"field there twice", environment, `API_KEYS={"` + canary + `": {"name": "A", "name": "B"}}`, "entry 1: a field's name"},
		{"field named as the entries' column", environment, `API_KEYS={"` + canary + `": {"$key": "A"}}`, "entry 1: a field's name"},
		{"text after the object", environment, `API_KEYS={} "` + canary + `"`, "more after the JSON object"},
		{"comment after the object", environment, `API_KEYS={} # ` + canary, "more after the JSON object"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := row.read(strings.NewReader(row.text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error %v, want one with %q", err, row.want)
			}
			checkHidden(t, err.Error())
		})
	}
}

func TestReadErrorsAreKept(t *testing.T) {
	broken := errors.New("disk on fire")
	_, csvErr := keyimport.ReadCSV(iotest.ErrReader(broken))
	_, envErr := keyimport.ReadEnvironment(iotest.ErrReader(broken), "API_KEYS")
	if !errors.Is(csvErr, broken) || !errors.Is(envErr, broken) {
		t.Errorf("errors %v and %v, want %v in both", csvErr, envErr, broken)
	}
}

func TestTablePrintsWithoutCells(t *testing.T) {
	table, err := keyimport.ReadCSV(strings.NewReader("key,name\n" + canary + "," + canary + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		checkHidden(t, fmt.Sprintf(verb, table))
	}
}

// checkHidden looks for a part of the canary too: an error may quote a piece.
func checkHidden(t *testing.T, text string) {
	t.Helper()
	for i := range len(canary) - 4 {
		if strings.Contains(text, canary[i:i+5]) {
			t.Errorf("%q shows the secret", text)
			return
		}
	}
}
