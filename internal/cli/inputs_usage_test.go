package cli_test

import (
	"strings"
	"testing"
)

// badCounts are files of counts that are refused; each ends in the row that is wrong.
var badCounts = []struct {
	name, text string
	args       []string
	code       int
	says       []string
}{
	{name: "count: unknown key", text: "key,date,request_count\nhunter2-that-is-not-here,2024-01-31,5\n", says: []string{"row 1 (line 2), key: it is neither a key's id nor a secret of a key that is here"}},
	{name: "count: id of no key", text: "key,date,request_count\nKEY,2024-01-31,5\nkey_0197c0de-0000-7000-8000-000000000000,2024-01-31,5\n", says: []string{"row 2: ", "not found"}},
	{name: "count: no key", text: "key,date,request_count\n,2024-01-31,5\n", says: []string{"row 1 (line 2), key: a count needs"}},
	{name: "count: unknown column", text: "key,date,request_count,hunter2\nKEY,2024-01-31,5,tokens\n", code: 3, says: []string{"column 4 of the file is unknown"}},
	{name: "count: column there twice", text: "key,date,request_count,date\nKEY,2024-01-31,5,2024-01-31\n", says: []string{"columns 2 and 4 of the header row have the same name"}},
	{name: "count: column missing", text: "key,date\nKEY,2024-01-31\n", code: 3, says: []string{`the file has no column "request_count"`}},
	{name: "count: the same day twice", text: "key,date,request_count\nKEY,2024-01-31,5\nhunter2-of-a-key,2024-01-31T10:00:00Z,6\n", code: 2, says: []string{"row 2: ", "row 1 has the same key, meter and date"}},
	{name: "count: date in the future", text: "key,date,request_count\nKEY,2024-01-31,5\nKEY,2100-01-01,5\n", code: 2, says: []string{"row 2: ", "it is in the future: for this key it is 20"}},
	{name: "count: date before 1990", text: "key,date,request_count\nKEY,1989-12-31,5\n", says: []string{"row 1 (line 2), date: use a date between 1990 and today"}},
	{name: "count: date that can't be read", text: "key,date,request_count\nKEY,31.01.2024,5\n", says: []string{"row 1 (line 2), date: use a date such as"}},
	{name: "count: date that never was", text: "key,date,request_count\nKEY,2023-02-29,5\n", says: []string{"row 1 (line 2), date: use a date such as"}},
	{name: "count: negative", text: "key,date,request_count\nKEY,2024-01-31,-5\n", says: []string{"row 1 (line 2), request_count: use a number from 0"}},
	{name: "count: negative and fractional", text: "key,date,request_count\nKEY,2024-01-31,-5.5\n", says: []string{"row 1 (line 2), request_count: use a number from 0"}},
	{name: "count: more than 2^53", text: "key,date,request_count\nKEY,2024-01-31,9007199254740993\n", says: []string{"row 1 (line 2), request_count: use a number from 0 to 9007199254740992"}},
	{name: "count: more than an int64 holds", text: "key,date,request_count\nKEY,2024-01-31,99999999999999999999\n", says: []string{"row 1 (line 2), request_count: use a number"}},
	{name: "count: bad meter", text: "key,date,request_count,meter\nKEY,2024-01-31,5,Hunter2 hunter2\n", says: []string{"row 1 (line 2), meter: a meter is 1 to 64 lower-case letters"}},
	{name: "count: last use in the future", text: "key,date,request_count,last_request_at\nKEY,2024-01-31,5,2100-01-01 00:00:00\n", code: 2, says: []string{"row 1: ", "last_request_at", "it is in the future: it is 20"}},
	{name: "count: last use that can't be read", text: "key,date,request_count,last_request_at\nKEY,2024-01-31,5,yesterday\n", says: []string{"row 1 (line 2), last_request_at: use a time such as"}},
	{name: "count: nothing in the file", text: "", says: []string{"there is no header row"}},
	{name: "count: --meter that is none", text: "key,date,request_count\n", args: []string{"--meter", "No Meter"}, code: 2, says: []string{"--meter", "a meter is 1 to 64"}},
	{name: "count: misspelt mapping", text: "key,date,request_count\n", args: []string{"--mapping", "keys.csv"}, code: 3, says: []string{"keys.csv"}},
}

var usageBehaviours = []behaviour{
	{"counts that are refused", func(t *testing.T) {
		t.Chdir(t.TempDir())
		writeFile(t, "keys.csv", "secret,name\nhunter2-of-a-key,A\n", 0o600)
		must(t, "sqlite:ration.db", "keys", "import", "keys.csv")
		id := must(t, "sqlite:ration.db", "keys", "list", "-q")
		before := must(t, "sqlite:ration.db", "audit", "-o", "json")
		for _, row := range badCounts {
			t.Run(row.name, func(t *testing.T) {
				writeFile(t, "counts.csv", strings.ReplaceAll(row.text, "KEY", id), 0o600)
				code := row.code
				if code == 0 {
					code = 1
				}
				wants(t, runIn(t, nil, append([]string{"usage", "import", "counts.csv"}, row.args...)...), code, row.says...)
			})
		}
		if days := must(t, "sqlite:ration.db", "usage", "--from", "1980-01-01", "-o", "json"); days != "[]" {
			t.Errorf("history %s; want nothing counted", days)
		}
		if after := must(t, "sqlite:ration.db", "audit", "-o", "json"); after != before {
			t.Errorf("audit %s; want nothing changed", after)
		}
	}},
}
