package sheet_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/internal/sheet"
)

func TestNoCellIsAFormula(t *testing.T) {
	for cell, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@sum": "'@sum", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"  =1": "'  =1", "\u00a0=1": "'\u00a0=1", "\u3000=1": "'\u3000=1", "\ufeff=1": "'\ufeff=1", " \t=1": "' \t=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠1": "'＠1", " ＝1": "' ＝1",
		"": "", "-": "-", "＝": "＝", " - ": "' - ", "a=1": "a=1", "'=1": "'=1", "1": "1", "  a": "  a", "株式会社": "株式会社",
	} {
		if got := sheet.Inert(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}

func TestRowsAreReadAsTheyWereWritten(t *testing.T) {
	rows := [][]string{{"name", "details"}, {`o'neil "&" sons, 株式会社`, "two\nlines"}, {"", " a,b "}}
	var text strings.Builder
	w := sheet.NewWriter(&text)
	for _, row := range rows {
		w.Write(row)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	if diff := cmp.Diff(rows, got); diff != "" || err != nil {
		t.Errorf("%v (-written +read):\n%s", err, diff)
	}
}
