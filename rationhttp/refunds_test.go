package rationhttp_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ration-dev/ration/rationhttp"
)

// TestOutcomesAreReadAsTheyAreWritten: what Outcomes returns means the same to
// ParseRefunds.
func TestOutcomesAreReadAsTheyAreWritten(t *testing.T) {
	for _, row := range []struct {
		refunds rationhttp.Refunds
		want    []string
	}{
		{rationhttp.Refunds{}, nil},
		{rationhttp.Refunds{Unreachable: true}, []string{"unreachable"}},
		{rationhttp.Refunds{Timeout: true, Statuses: []int{599, 400}}, []string{"timeout", "599", "400"}},
		{rationhttp.DefaultRefunds(), []string{"unreachable", "502", "503", "504"}},
	} {
		got := row.refunds.Outcomes()
		if !slices.Equal(got, row.want) {
			t.Errorf("%+v: got %q, want %q", row.refunds, got, row.want)
		}
		if read, err := rationhttp.ParseRefunds(got); err != nil || !cmp.Equal(read, row.refunds) {
			t.Errorf("%q is read as %+v, %v; want %+v", got, read, err, row.refunds)
		}
	}
}
