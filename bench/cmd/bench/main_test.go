package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/ration-dev/ration/bench/rig"
	"github.com/ration-dev/ration/bench/workload"
)

func TestOnlyAWholeRunIsWritten(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		args  string
		write bool
	}{
		{"", true},
		{"-rounds 1 -seconds 1 -baseline old/ration -keys 1000000", true},
		{"-only verify", false},
		{"-store sqlite", false},
		{"-only verify -write", true},
	} {
		o, err := parse(strings.Fields(row.args))
		if err != nil || o.write != row.write {
			t.Errorf("%q: got %+v, %v", row.args, o, err)
		}
	}
}

func TestParseReadsWhatIsChosen(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-only", "engine,latency", "-store", "postgres", "-keys", "5,6", "-rates", "7"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.only, []string{"engine", "latency"}) || !slices.Equal(o.rig.Stores, []rig.Store{rig.PostgreSQL}) || !slices.Equal(o.sizes.Keys, []int{5, 6}) || !slices.Equal(o.sizes.Rates, []int{7}) {
		t.Errorf("got %+v", o)
	}
	if o, err := parse(nil); err != nil || !slices.Equal(o.only, workload.Parts) || len(o.rig.Stores) != 2 {
		t.Errorf("got %+v, %v without arguments", o, err)
	}
}

func TestParseRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-only verfy":          `unknown part "verfy": use verify, proxy, engine, instances, latency`,
		"-only verify,":        `unknown part ""`,
		"-store mysql":         `unknown store "mysql"`,
		"-keys 5,x":            `"5,x": give whole numbers from 1`,
		"-keys 0":              `"0": give whole numbers from 1`,
		"-rates -1":            `"-1": give whole numbers from 1`,
		"-rounds 0":            "both must be at least 1",
		"-seconds 0":           "both must be at least 1",
		"verify":               `unknown argument "verify"`,
		"-store sqlite,sqlite": `the store "sqlite" is named twice`,
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want %q", args, err, want)
		}
	}
}
