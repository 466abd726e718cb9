package keyimport_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/keyimport"
)

var mappedUsage = keyimport.UsageMapping{Key: "user", Date: "at", RequestCount: "n", LastRequestAt: "at", Meter: "kind"}

func usageTable(t *testing.T, text string) *keyimport.Table {
	t.Helper()
	table, err := keyimport.ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestCountsAreNumbers(t *testing.T) {
	const id = "key_0197c0de-0000-7000-8000-000000000000"
	for text, want := range map[string]int64{"37": 37, "37.0": 37, "3.7e1": 37, "3.7E+01": 37, "-0": 0, "9007199254740992.0": 9007199254740992} {
		plan, err := keyimport.NewUsagePlan(usageTable(t, "key,date,request_count\n"+id+",2025-01-31,"+text+"\n"), keyimport.UsageMapping{Key: "key", Date: "date", RequestCount: "request_count"}, "requests")
		if err != nil || plan.Err() != nil || plan.Records[0].Day.Used != want {
			t.Errorf("%s: %+v, %v", text, plan, err)
		}
	}
	for _, text := range []string{"", "NaN", "-1", "1e400", "9007199254740993.0", "9223372036854775808"} {
		plan, err := keyimport.NewUsagePlan(usageTable(t, "key,date,request_count\n"+id+",2025-01-31,"+text+"\n"), keyimport.UsageMapping{Key: "key", Date: "date", RequestCount: "request_count"}, "requests")
		if err != nil || plan.Err() == nil || !strings.Contains(plan.Err().Error(), "request_count: use a number from 0 to 9007199254740992") {
			t.Errorf("%s: %v, %v", text, plan.Err(), err)
		}
	}
}

func TestFractionsOfCountsAreKeptAndSaidOnce(t *testing.T) {
	const id = "key_0197c0de-0000-7000-8000-000000000000"
	table := usageTable(t, "key,date,request_count\n"+id+",2025-01-31,5.5\n"+id+",2025-02-01,7.0\n"+id+",2025-02-02,0.001\n")
	plan, err := keyimport.NewUsagePlan(table, keyimport.UsageMapping{Key: "key", Date: "date", RequestCount: "request_count"}, "requests")
	if err != nil || plan.Err() != nil {
		t.Fatal(err, plan.Err())
	}
	for i, want := range []string{"5.5", "7", "0.001"} {
		if day := plan.Records[i].Day; day.Unit.Text(day.Used) != want {
			t.Errorf("row %d counts %s, want %s", i+1, day.Unit.Text(day.Used), want)
		}
	}
	want := []keyimport.Finding{{Severity: keyimport.Warning, Field: "request_count", Reason: "2 of the counts are not whole numbers; what is finer than the unit of their meter is rounded up"}}
	if diff := cmp.Diff(want, plan.Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestCountsAreRead(t *testing.T) {
	const id = "key_0197c0de-0000-7000-8000-000000000000"
	table := usageTable(t, "id,user,at,n,kind\n1,"+id+",2025-01-31,5,tokens\n2,"+canary+",2025-01-31 23:30:00-02:00,9007199254740992,\n")
	plan, err := keyimport.NewUsagePlan(table, mappedUsage, "requests")
	if err != nil {
		t.Fatal(err)
	}
	// A date is no time of the last request.
	if plan.Err() == nil || !strings.Contains(plan.Err().Error(), "row 1 (line 2), last_request_at") {
		t.Errorf("problems %v, want the date that is no time", plan.Err())
	}
	if len(plan.Findings) != 2 || plan.Findings[0].Severity != keyimport.Warning || plan.Findings[0].Field != "id" {
		t.Errorf("findings %v, want a warning about id first", plan.Findings)
	}
	var got []string
	for _, r := range plan.Records {
		day := r.Day
		got = append(got, fmt.Sprint(day.Row, r.Line, day.KeyID.IsZero(), r.Secret.Reveal(), day.Meter, day.Date.Date().Format(" 2006-01-02 "), day.Used))
	}
	want := []string{
		"1 2 falsetokens 2025-01-31 5",
		"2 3 true" + canary + "requests 2025-01-31 9007199254740992",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if at := plan.Records[1].Day.LastRequestAt.String(); at != "2025-02-01 01:30:00 +0000 UTC" {
		t.Errorf("last request at %s, want it in UTC", at)
	}
	checkHidden(t, fmt.Sprintf("%v %v", plan.Findings, plan.Err()))
}

// TestCountsWithoutAMapping: a column that nobody knows may be a misspelt one.
func TestCountsWithoutAMapping(t *testing.T) {
	for _, row := range []struct{ header, want string }{
		{"key,date,request_count", ""},
		{"meter,last_request_at,request_count,date,key", ""},
		{"key,date,request_count," + canary, "column 4 of the file is unknown"},
		{"API Key;Day;Requests", ""},
		{"key,date,hits", `the file has no column "request_count"; give one this name, or say in a --mapping which column contains it; there are "key", "date", "hits"`},
	} {
		mapping, err := keyimport.DefaultUsageMapping(usageTable(t, row.header+"\n"))
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %+v, %v; want %q", row.header, mapping, err, row.want)
		}
		checkHidden(t, fmt.Sprint(err))
	}
}

func TestUsageMappingIsRead(t *testing.T) {
	got, err := keyimport.ReadUsageMapping(strings.NewReader("key: user\ndate: at\nrequest_count: n\nlast_request_at: at\nmeter: kind\n"))
	if err != nil || got != mappedUsage {
		t.Errorf("mapping %+v, %v; want %+v", got, err, mappedUsage)
	}
	if _, err := keyimport.ReadUsageMapping(strings.NewReader("key: user\nname: n\n")); err == nil || !strings.Contains(err.Error(), `2:1: unknown field "name"`) {
		t.Errorf("error %v, want the unknown field", err)
	}
	for _, incomplete := range []keyimport.UsageMapping{{Date: "at", RequestCount: "n"}, {Key: "user", RequestCount: "n"}, {Key: "user", Date: "at"}} {
		if _, err := keyimport.NewUsagePlan(usageTable(t, "user,at,n\n"), incomplete, "requests"); err == nil {
			t.Errorf("the mapping %+v was taken", incomplete)
		}
	}
}
