package keyimport_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/keyimport"
)

// appMapping maps a table of keys whose state is two booleans.
var appMapping = keyimport.Mapping{
	Secret: "key", Name: "name", Owner: "email", CreatedAt: "created_at",
	Scopes: map[string]string{"can_change_model": "change-model"},
	Status: keyimport.StatusMapping{Columns: []string{"approved", "is_active"}, Rules: []keyimport.StatusRule{
		{Values: []string{"0", "0"}, Status: ration.StatusPending},
		{Values: []string{"1", "1"}, Status: ration.StatusActive},
		{Values: []string{"1", "0"}, Status: ration.StatusDisabled},
		{Values: []string{"0", "1"}, Status: ration.StatusRejected},
	}},
}

const appHeader = "key,name,email,can_change_model,is_active,created_at,approved\n"

func TestStatesOfTwoBooleans(t *testing.T) {
	for _, row := range []struct {
		approved, isActive string
		want               ration.Status
	}{
		{"0", "0", ration.StatusPending},
		{"1", "1", ration.StatusActive},
		{"1", "0", ration.StatusDisabled},
		{"0", "1", ration.StatusRejected},
		{"True", "false", ration.StatusDisabled},
	} {
		t.Run(row.approved+","+row.isActive, func(t *testing.T) {
			plan := planCSV(t, appHeader+canary+",Ada,ada@example.com,0,"+row.isActive+",,"+row.approved+"\n", appMapping)
			if len(plan.Findings) != 0 || plan.Records[0].Status != row.want {
				t.Errorf("status %q, findings %v; want %q", plan.Records[0].Status, plan.Findings, row.want)
			}
		})
	}
}

func TestRecordOfCSV(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(appHeader, "\n", "\r\n") + "\r\n" +
		canary + `,"Lovelace, ""Ada""",ada@example.com,1,1,2025-01-31 16:05:09.123456,1` + "\r\n"
	plan := planCSV(t, text, appMapping)
	if err := plan.Err(); err != nil {
		t.Fatal(err)
	}
	want := keyimport.Record{
		Row: 1, Line: 3, Digest: ration.SecretFromText(canary).Digest(nil), Name: `Lovelace, "Ada"`, Owner: "ada@example.com",
		Status: ration.StatusActive, Scopes: []string{"change-model"}, CreatedAt: time.Date(2025, 1, 31, 16, 5, 9, 123456000, time.UTC),
	}
	want.Secret = ration.SecretFromText(canary)
	byText := cmp.Comparer(func(a, b ration.Secret) bool { return a.Reveal() == b.Reveal() })
	if diff := cmp.Diff(want, plan.Records[0], byText); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestRecordsOfEnvironment(t *testing.T) {
	object := `{"sugarai2024": {"name": "Admin Key", "can_change_model": true}, "user_key_1": {"name": "User 1", "can_change_model": false, "note": null}}`
	mapping := keyimport.Mapping{Secret: keyimport.EntryColumn, Name: "name", Scopes: map[string]string{"can_change_model": "change-model"}}
	for _, row := range []struct{ name, value string }{
		{"bare", object},
		{"single quotes", "'" + object + "'"},
		{"double quotes", `"` + strings.ReplaceAll(object, `"`, `\"`) + `"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := "\ufeff# keys\r\nMAX_DAILY_REQUESTS=100\r\nexport API_KEYS=" + row.value + "\r\n"
			table, err := keyimport.ReadEnvironment(strings.NewReader(text), "API_KEYS")
			if err != nil {
				t.Fatal(err)
			}
			plan, err := keyimport.NewPlan(table, mapping, "rk")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range plan.Records {
				got = append(got, fmt.Sprint(r.Row, r.Line, r.Secret.Reveal(), r.Name, r.Status, r.Scopes))
			}
			want := []string{fmt.Sprint(1, 3, "sugarai2024", "Admin Key", ration.StatusActive, []string{"change-model"}), fmt.Sprint(2, 3, "user_key_1", "User 1", ration.StatusActive, []string{})}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if err := plan.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFindings(t *testing.T) {
	digest := ration.SecretFromText(canary).Digest(nil).String()
	simple := keyimport.Mapping{Secret: "key", Name: "name"}
	owned := keyimport.Mapping{Secret: "key", Name: "name", Owner: "email"}
	digests := keyimport.Mapping{Secret: "key", SecretForm: keyimport.SecretSHA256, Name: "name"}
	scoped := keyimport.Mapping{Secret: "key", Name: "name", Scopes: map[string]string{"admin": "admin"}}
	timed := keyimport.Mapping{Secret: "key", Name: "name", CreatedAt: "at"}
	for _, row := range []struct {
		name    string
		mapping keyimport.Mapping
		text    string
		want    []string // severity and the beginning of the text
	}{
		{"nothing wrong", simple, "key,name\n" + canary + ",Ada\n", nil},
		{"column nobody reads", simple, "key,name,reason\n" + canary + ",Ada,x\n", []string{"warning reason: nothing reads"}},
		{"same secret", simple, "key,name\n" + canary + ",A\n" + canary + ",B\n", []string{"problem row 2 (line 3), secret: row 1 has the same"}},
		{"same digest in another case", digests, "key,name\n" + digest + ",A\n" + strings.ToUpper(digest) + ",B\n", []string{"problem row 2 (line 3), secret: row 1 has the same"}},
		{"same name", simple, "key,name\n" + canary + "1,A\n" + canary + "2,A\n", []string{"warning row 2 (line 3), name: row 1 has the same"}},
		{"same owner in another case", owned, "key,name,email\n" + canary + "1,A,a@x\n" + canary + "2,B,A@X\n", []string{"warning row 2 (line 3), owner: row 1 has the same"}},
		{"owners missing", owned, "key,name,email\n" + canary + "1,A,\n" + canary + "2,B,\n", nil},
		{"no name", simple, "key,name\n" + canary + ",\" \"\n", []string{"problem row 1 (line 2), name: a key needs a name"}},
		{"no secrets", simple, "key,name\n,A\n,B\n", []string{"problem row 1 (line 2), secret: a key needs", "problem row 2 (line 3), secret: a key needs"}},
		{"short secret", simple, "key,name\n" + canary[:15] + ",A\n", []string{"warning row 1 (line 2), secret: it has fewer than 16 bytes"}},
		{"secret just long enough", simple, "key,name\n" + canary[:16] + ",A\n", nil},
		{"little variety", simple, "key,name\n" + strings.Repeat("abcdefg", 6) + ",A\n", []string{"warning row 1 (line 2), secret: it has fewer than 8 different"}},
		{"just enough variety", simple, "key,name\n" + strings.Repeat("abcdefgh", 6) + ",A\n", nil},
		{"NUL in secret", simple, "key,name\n" + canary + "\x00,A\n", []string{"problem row 1 (line 2), secret: use valid UTF-8 and no control"}},
		{"line break in secret", simple, "key,name\n\"" + canary + "\r\n\",A\n", []string{"problem row 1 (line 2), secret: use valid UTF-8 and no control"}},
		{"scheme before secret", simple, "key,name\nBearer " + canary + ",A\n", []string{"problem row 1 (line 2), secret: it begins with the name of a scheme"}},
		{"space after secret", simple, "key,name\n" + canary + " ,A\n", []string{"problem row 1 (line 2), secret: it begins or ends with a space"}},
		{"longest secret", simple, "key,name\n" + strings.Repeat(canary, 27)[:512] + ",A\n", nil},
		{"secret of a megabyte", simple, "key,name\n" + strings.Repeat(canary, 1<<20/len(canary)) + ",A\n", []string{"problem row 1 (line 2), secret: a secret has at most 512 bytes"}},
		{"our prefix, wrong checksum", simple, "key,name\nrk_" + canary + ",A\n", []string{`warning row 1 (line 2), secret: it begins with "rk_"`}},
		{"our own secret", simple, "key,name\n" + ration.NewSecret("rk").Reveal() + ",A\n", nil},
		{"name of a megabyte", simple, "key,name\n" + canary + "," + strings.Repeat("n", 1<<20) + "\n", []string{"problem row 1 (line 2), name: use 0 to 200"}},
		{"name of 200 characters", simple, "key,name\n" + canary + "," + strings.Repeat("é", 200) + "\n", nil},
		{"NUL in name", simple, "key,name\n" + canary + ",A\x00" + canary + "\n", []string{"problem row 1 (line 2), name: control characters"}},
		{"text direction in owner", owned, "key,name,email\n" + canary + ",A,\u202e" + canary + "\n", []string{"problem row 1 (line 2), owner: control characters"}},
		{"digest among secrets", simple, "key,name\n" + canary + ",A\n" + digest + ",B\n", []string{"problem row 2 (line 3), secret: it looks like a SHA-256 digest"}},
		{"digests as secrets", simple, "key,name\n" + digest + ",A\n", []string{"warning secret: all look like SHA-256"}},
		{"digests", digests, "key,name\n" + digest + ",A\n", nil},
		{"secret among digests", digests, "key,name\n" + digest + ",A\n" + canary + ",B\n", []string{"problem row 2 (line 3), secret: a SHA-256 digest has 64 hexadecimal digits; these are 19 bytes"}},
		{"digest cut short", digests, "key,name\n" + digest[:62] + ",A\n", []string{"problem row 1 (line 2), secret: a SHA-256 digest has 64 hexadecimal digits; these are 62 bytes"}},
		{"no digests", digests, "key,name\n,A\n,B\n", []string{"problem row 1 (line 2), secret: a SHA-256", "problem row 2 (line 3), secret: a SHA-256"}},
		{"unknown state", appMapping, appHeader + canary + ",A,a@x,0," + canary + ",,1\n", []string{"problem row 1 (line 2), status: no rule of the mapping matches approved, is_active"}},
		{"scope that is no boolean", scoped, "key,name,admin\n" + canary + ",A," + canary + "\n", []string{"problem row 1 (line 2), admin: use true or false"}},
		{"scope left empty", scoped, "key,name,admin\n" + canary + ",A,\n", nil},
		{"no time", timed, "key,name,at\n" + canary + ",A," + canary + "\n", []string{"problem row 1 (line 2), created_at: use a time"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			plan := planCSV(t, row.text, row.mapping)
			if len(plan.Findings) != len(row.want) {
				t.Fatalf("findings %v, want %q", plan.Findings, row.want)
			}
			for i, finding := range plan.Findings {
				text := string(finding.Severity) + " " + finding.Error()
				checkHidden(t, text)
				if !strings.HasPrefix(text, row.want[i]) {
					t.Errorf("finding %q, want %q", text, row.want[i])
				}
			}
			checkHidden(t, fmt.Sprintf("%v %+v", plan.Findings, plan.Err()))
			blocked := strings.Contains(strings.Join(row.want, "\n"), "problem ")
			if (plan.Err() != nil) != blocked {
				t.Errorf("error %v of findings %v", plan.Err(), plan.Findings)
			}
		})
	}
}

func TestCreationTimes(t *testing.T) {
	want := time.Date(2025, 1, 31, 16, 5, 9, 0, time.UTC)
	for _, text := range []string{
		"2025-01-31 16:05:09", "2025-01-31T16:05:09", "2025-01-31T16:05:09.000000", "2025-01-31T18:05:09+02:00", "2025-01-31 16:05:09Z", "2025-01-31 15:05:09-01:00",
	} {
		plan := planCSV(t, "key,name,at\n"+canary+",A,"+text+"\n", keyimport.Mapping{Secret: "key", Name: "name", CreatedAt: "at"})
		if got := plan.Records[0].CreatedAt; got != want {
			t.Errorf("%s is read as %v, want %v", text, got, want)
		}
	}
}

func TestWrongMappings(t *testing.T) {
	status := func(columns []string, rules ...keyimport.StatusRule) keyimport.Mapping {
		return keyimport.Mapping{Secret: "key", Name: "name", Status: keyimport.StatusMapping{Columns: columns, Rules: rules}}
	}
	for _, row := range []struct {
		name    string
		header  string
		mapping keyimport.Mapping
		want    string
	}{
		{"no secret column", "key,name", keyimport.Mapping{Name: "name"}, "secret and name need a column"},
		{"no name column", "key,name", keyimport.Mapping{Secret: "key"}, "secret and name need a column"},
		{"file without a header", canary + ",Ada", keyimport.Mapping{Secret: "key", Name: "name"}, `the file has no column "key"`},
		{"unknown form", "key,name", keyimport.Mapping{Secret: "key", Name: "name", SecretForm: "md5"}, `secret form "md5"`},
		{"scope nobody can ask for", "key,name,x", keyimport.Mapping{Secret: "key", Name: "name", Scopes: map[string]string{"x": "a b"}}, `mapping column "x"`},
		{"scope column missing", "key,name", keyimport.Mapping{Secret: "key", Name: "name", Scopes: map[string]string{"x": "a"}}, `no column "x"`},
		{"status column missing", "key,name", status([]string{"state"}), `no column "state"`},
		{"rules without columns", "key,name", status(nil, keyimport.StatusRule{Status: ration.StatusActive}), "rules need columns"},
		{"rule of another width", "key,name,state", status([]string{"state"}, keyimport.StatusRule{Values: []string{"1", "0"}, Status: ration.StatusActive}), "rule 1 has 2 values for 1 columns"},
		{"unknown status", "key,name,state", status([]string{"state"}, keyimport.StatusRule{Values: []string{"1"}, Status: "denied"}), `there is no status "denied"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			table, err := keyimport.ReadCSV(strings.NewReader(row.header + "\n"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = keyimport.NewPlan(table, row.mapping, "rk")
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error %v, want one with %q", err, row.want)
			}
			checkHidden(t, err.Error())
		})
	}
}

func planCSV(t *testing.T, text string, mapping keyimport.Mapping) keyimport.Plan {
	t.Helper()
	table, err := keyimport.ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := keyimport.NewPlan(table, mapping, "rk")
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
