package keyimport_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/keyimport"
)

// inUTF16 writes a text as spreadsheets write "Unicode text".
func inUTF16(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		out.WriteByte(byte(unit))
		out.WriteByte(byte(unit >> 8))
	}
	return out.String()
}

// TestFilesAsProgramsWriteThem are read as one and the same: by their separators,
// encodings, line ends and names of columns.
func TestFilesAsProgramsWriteThem(t *testing.T) {
	for name, text := range map[string]string{
		"commas":            "secret,name,owner\n" + canary + ",\"Müller, Jürgen\",m@example.com\n",
		"semicolons":        "API Key;Label;E-Mail\r\n" + canary + ";Müller, Jürgen;m@example.com\r\n\r\n\r\n",
		"tabs in UTF-16":    inUTF16("api_key\tKey Name\temail\r\n" + canary + "\tMüller, Jürgen\tm@example.com\r\n"),
		"a mark of UTF-8":   "\ufeffTOKEN;name;owner\n" + canary + ";\"Müller, Jürgen\";m@example.com",
		"quoted separators": "\"a;b;c\",apikey,name,owner\n,\"" + canary + "\",\"Müller, Jürgen\",m@example.com\n",
	} {
		t.Run(name, func(t *testing.T) {
			table, err := keyimport.ReadCSV(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			plan, err := keyimport.NewPlan(table, keyimport.DefaultMapping(table), "rk")
			if err != nil || plan.Err() != nil || len(plan.Records) != 1 {
				t.Fatalf("%v, %v, %d records", err, plan.Err(), len(plan.Records))
			}
			got := plan.Records[0]
			if got.Secret.Reveal() != canary || got.Name != "Müller, Jürgen" || got.Owner != "m@example.com" {
				t.Errorf("read %q of %q", got.Name, got.Owner)
			}
		})
	}
}

func TestColumnsAreNamedWithWhatTheyAreReadAs(t *testing.T) {
	table, err := keyimport.ReadCSV(strings.NewReader("Token,API Key,Label,note\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []keyimport.Use{{Field: "secret", Column: "API Key"}, {Field: "name", Column: "Label"}}
	if diff := cmp.Diff(want, keyimport.DefaultMapping(table).Uses()); diff != "" {
		t.Errorf("uses (-want +got):\n%s", diff)
	}
}

// TestAFileWithoutAHeaderShowsNoSecret: its first row would be taken for names.
func TestAFileWithoutAHeaderShowsNoSecret(t *testing.T) {
	table, err := keyimport.ReadCSV(strings.NewReader(canary + ",Ada\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = keyimport.NewPlan(table, keyimport.DefaultMapping(table), "rk")
	if err == nil || !strings.Contains(err.Error(), "is its first row a header") {
		t.Errorf("error %v", err)
	}
	checkHidden(t, fmt.Sprint(err))
}

// TestColumnsThatMaySayWhichKeysAreOffAreNotPassedOver, since all keys would be active.
func TestColumnsThatMaySayWhichKeysAreOffAreNotPassedOver(t *testing.T) {
	for _, column := range []string{"status", "Is Active", "revoked_at"} {
		table, err := keyimport.ReadCSV(strings.NewReader("secret,name," + column + "\n" + canary + ",Ada,1\n"))
		if err != nil {
			t.Fatal(err)
		}
		mapping := keyimport.DefaultMapping(table)
		if plan, err := keyimport.NewPlan(table, mapping, "rk"); err != nil || plan.Err() == nil {
			t.Errorf("%s: %v, %v", column, err, plan.Err())
		}
		mapping.Guessed = false
		if plan, err := keyimport.NewPlan(table, mapping, "rk"); err != nil || plan.Err() != nil {
			t.Errorf("%s, of a mapping: %v, %v", column, err, plan.Err())
		}
	}
}

// TestSecretsThatASpreadsheetSpoiltAreRefused, each with its row, and none is shown.
func TestSecretsThatASpreadsheetSpoiltAreRefused(t *testing.T) {
	for _, secret := range []string{
		"1.23457E+15", "1,23457E+15", "12E9", "123.456.789", "1,234,567,890,123,456", "1 234 567", "31.12.2025", "2025-12-31", "12/31/2025 00:00", "Jan-25", "5-Mar",
		"#REF!", "########", "#N/A", "1234567890123450000",
	} {
		table, err := keyimport.ReadCSV(strings.NewReader("secret;name\n" + canary + ";Ada\n" + secret + ";Bob\n"))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := keyimport.NewPlan(table, keyimport.DefaultMapping(table), "rk")
		if err != nil || plan.Err() == nil || !strings.HasPrefix(plan.Err().Error(), "row 2 (line 3), secret: ") || strings.Contains(plan.Err().Error(), secret) {
			t.Errorf("%s: %v, %v", secret, err, plan.Err())
		}
	}
	table, err := keyimport.ReadCSV(strings.NewReader("secret,name\n0123456789123456,A\n1123456789123456,B\n23456789123456,C\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := keyimport.NewPlan(table, keyimport.DefaultMapping(table), "rk")
	if err != nil || plan.Err() == nil || !strings.Contains(plan.Err().Error(), "row 3 (line 4), secret: it has 14 digits and most have 16") {
		t.Errorf("lost zeros: %v, %v", err, plan.Err())
	}
	for _, secret := range []string{"a1.23457E+15", "key-2025-12-31", "1e", "deadbeefdeadbeef", "1234567890123456", "10.0.0.1-x"} {
		table, err := keyimport.ReadCSV(strings.NewReader("secret,name\n" + secret + ",Ada\n"))
		if err != nil {
			t.Fatal(err)
		}
		if plan, err := keyimport.NewPlan(table, keyimport.DefaultMapping(table), "rk"); err != nil || plan.Err() != nil {
			t.Errorf("%s is refused: %v, %v", secret, err, plan.Err())
		}
	}
}

func TestEachRowMayHaveAPlanOfItsOwn(t *testing.T) {
	table, err := keyimport.ReadCSV(strings.NewReader("secret,name,tier\n" + canary + ",Ada,pro\n" + canary + "2,Bob,\n"))
	if err != nil {
		t.Fatal(err)
	}
	mapping := keyimport.DefaultMapping(table)
	mapping.Plan = "tier"
	plan, err := keyimport.NewPlan(table, mapping, "rk")
	if err != nil || plan.Err() != nil || plan.Records[0].Plan != "pro" || plan.Records[1].Plan != "" {
		t.Errorf("%v, %v, %+v", err, plan.Err(), plan.Records)
	}
}
