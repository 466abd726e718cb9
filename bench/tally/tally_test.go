package tally_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/bench/tally"
)

// TestCheckNoticesLies tells of three keys of which 10, 20 and 30 were sent, in 40
// requests of at most 2 units, of which 38 were answered.
func TestCheckNoticesLies(t *testing.T) {
	t.Parallel()
	truth := tally.Seen{Answered: 38, Sent: 40, Connections: 4, Units: []int64{10, 20, 30}, MostUnits: 2}
	before := tally.Count{Units: []int64{100, 0, 7}}
	unknown := tally.Count{Requests: 5}
	for _, row := range []struct {
		name   string
		before tally.Count
		after  tally.Count
		seen   func(*tally.Seen)
		want   string // part of the error; empty: none
	}{
		{"all is recorded", before, tally.Count{Units: []int64{110, 20, 37}}, nil, ""},
		{"two that were under way are not recorded", before, tally.Count{Units: []int64{110, 18, 35}}, nil, ""},
		{"one that was answered is not recorded", before, tally.Count{Units: []int64{109, 18, 35}}, nil, "60 were sent and 55 are recorded"},
		{"nothing is recorded", before, before, nil, "60 were sent and 0 are recorded"},
		{"one is recorded twice", before, tally.Count{Units: []int64{111, 20, 37}}, nil, "of key 0, 10 were sent and 11 are recorded"},
		{"one is recorded for another key", before, tally.Count{Units: []int64{110, 19, 38}}, nil, "of key 2, 30 were sent and 31 are recorded"},
		{"a key has less than before", before, tally.Count{Units: []int64{99, 20, 37}}, nil, "of key 0, 10 were sent and -1 are recorded"},
		{"a key is missing", before, tally.Count{Units: []int64{110, 20}}, nil, "3 keys were used"},
		{"a key is new", before, tally.Count{Units: []int64{110, 20, 37, 0}}, nil, "3 keys were used"},
		{"more was answered than sent", before, tally.Count{Units: []int64{110, 20, 37}}, func(s *tally.Seen) { s.Answered = 41 }, "40 requests were sent"},
		{"more is unanswered than there are connections", before, tally.Count{Units: []int64{110, 20, 37}}, func(s *tally.Seen) { s.Answered = 35 }, "over 4 connections"},
		{"each was awaited and one is unanswered", before, tally.Count{Units: []int64{110, 20, 37}}, func(s *tally.Seen) { s.Connections = 0 }, "over 0 connections"},
		{"a key was never chosen", tally.Count{Units: []int64{0, 0}}, tally.Count{Units: []int64{40, 0}}, func(s *tally.Seen) { s.Units = []int64{40, 0}; s.Alike = true; s.MostUnits = 1 }, ""},
		{"a key was never chosen of many", tally.Count{Units: []int64{0, 0}}, tally.Count{Units: []int64{80, 0}}, func(s *tally.Seen) {
			s.Units, s.Alike, s.Answered, s.Sent = []int64{80, 0}, true, 80, 80
		}, "no request was of key 1"},
		{"requests without keys", unknown, tally.Count{Requests: 45}, nil, ""},
		{"requests without keys, none of those under way", unknown, tally.Count{Requests: 43}, nil, ""},
		{"a request too few", unknown, tally.Count{Requests: 42}, nil, "38 requests were answered, of 40 sent, and 37 are recorded"},
		{"a request too many", unknown, tally.Count{Requests: 46}, nil, "41 are recorded"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			seen := truth
			if row.seen != nil {
				row.seen(&seen)
			}
			err := tally.Check(row.before, row.after, seen)
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
				t.Errorf("got error %v, want %q", err, row.want)
			}
		})
	}
}

func TestAddAddsWhatGeneratorsSaw(t *testing.T) {
	t.Parallel()
	var all tally.Seen
	all.Add(tally.Seen{Answered: 1, Sent: 2, Connections: 3, Units: []int64{4, 0}, MostUnits: 2, Alike: true})
	all.Add(tally.Seen{Answered: 10, Sent: 20, Connections: 30, Units: []int64{40, 50}, MostUnits: 1, Alike: true})
	if all.Answered != 11 || all.Sent != 22 || all.Connections != 33 || all.Units[0] != 44 || all.Units[1] != 50 || all.MostUnits != 2 || !all.Alike {
		t.Errorf("got %+v", all)
	}
	if err := tally.Check(tally.Count{Units: []int64{0, 0}}, tally.Count{Units: []int64{44, 50}}, all); err != nil {
		t.Error(err)
	}
}
