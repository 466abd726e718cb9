package planfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/planfile"
)

func limits(t *testing.T, texts ...string) (limits []ration.Limit) {
	t.Helper()
	for _, text := range texts {
		limit, err := ration.ParseLimit(text)
		if err != nil {
			t.Fatal(err)
		}
		limits = append(limits, limit)
	}
	return limits
}

func TestPlansAreReadAsTheFlagsOfPlansCreate(t *testing.T) {
	want := []admin.NewPlan{
		{Name: "free", Limits: limits(t, "1000/day", "10/second burst 20")},
		{Name: "pro", Limits: limits(t, "200000 tokens/month"), TimeZone: "Europe/Berlin"},
		{Name: "2024", Unlimited: true},
	}
	for name, text := range map[string]string{
		"YAML": `
# as it is to be
meters:
  - {name: eur, unit: 0.01}
plans:
  - name: free
    limits: [1000/day, 10/second burst 20]
  - name: pro
    limits:
      - "200000 tokens/month"
    time_zone: Europe/Berlin
  - name: 2024
    unlimited: true
    limits:
`,
		"JSON": `{"meters": [{"name": "eur", "unit": "0.01"}], "plans": [
  {"name": "free", "limits": ["1000/day", "10/second burst 20"]},
  {"name": "pro", "limits": ["200000 tokens/month"], "time_zone": "Europe/Berlin"},
  {"name": "2024", "unlimited": true, "limits": null}
]}`,
	} {
		got, err := planfile.Read([]byte(text), ration.ParseLimit)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(planfile.File{Meters: []admin.MeterUnit{{Name: "eur", Unit: 2}}, Plans: want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got, err := planfile.Read([]byte("plans: []"), ration.ParseLimit); err != nil || len(got.Plans) != 0 {
		t.Errorf("of no plans it reads %v, %v", got, err)
	}
}

func TestAllFaultsAreReportedWithTheirLines(t *testing.T) {
	for _, row := range []struct {
		text string
		want []string // the beginning of each
	}{
		{"", []string{"the file is empty: write"}},
		{"# nothing\n", []string{"the file is empty: write"}},
		{"plans: [", []string{"1:8: this is not YAML: "}},
		{"plans:\n\t- name: x", []string{"2:1: this is not YAML: "}},
		{"limits: [1/day]", []string{`1:1: "limits" is unknown here: use meters, plans`}},
		{"- name: free", []string{`1:1: write "plans:" and below it`}},
		{"plans:\n  free:\n    limits: [1/day]", []string{`2:3: write "plans:" and below it a list`}},
		{"plans:\n- name: a\n---\nplans:\n- name: b", []string{"4:1: a second document begins here"}},
		{"meters:\n- {name: eur, unit: 0.02}\n- {name: eur, unit: 1}\n- {name: EUR, unit: 1}\n- {name: gbp}\n- {unit: 1}\n", []string{"2:21: ", "3:10: meter \"eur\" stands here a second time", "4:10: ", "5:4: a meter needs a name and a unit", "6:4: a meter needs a name and a unit"}},
		{`plans:
  - name: free
    limit: [1/day]
    limits: [1000/dya, 5/day, 6/day, {a: 1}]
    time_zone: Europe/Berln
  - limits: 5/day
  - name: free
    unlimited: yes please
  - name: ""
  - just text
  - name: "bad name\u0007"
    limits: [1/day]
    unlimited: true
    limits: []
`, []string{
			`3:5: "limit" is unknown here: use limits, name, time_zone, unlimited`,
			"4:14: ", "4:31: the plan has a limit for ", "4:39: write a text here", "5:16: ",
			"6:13: write limits as a list", "7:11: plan \"free\" stands here a second time", "8:16: write true or false",
			"9:11: ", "10:5: write a plan as", "11:11: ",
			"13:16: the plan has limits", "14:5: limits stands here a second time",
		}},
	} {
		_, err := planfile.Read([]byte(row.text), ration.ParseLimit)
		if err == nil {
			t.Errorf("%q is read", row.text)
			continue
		}
		got := strings.Split(err.Error(), "\n")
		ok := len(got) == len(row.want)
		for i := range row.want {
			ok = ok && strings.HasPrefix(got[i], row.want[i])
		}
		if !ok {
			t.Errorf("%q: got\n%s\nwant lines that begin with\n%s", row.text, err, strings.Join(row.want, "\n"))
		}
	}
}
