// Package tally compares what a generator of load saw with what a contender recorded: a
// benchmark that lost its workload would otherwise look very fast.
package tally

import "fmt"

// Count is what a contender has recorded up to now.
type Count struct {
	Requests int64   // in all
	Units    []int64 // by key; nil: the contender knows no keys
}

// Seen is what a generator saw of one measurement.
type Seen struct {
	Answered    int64   // requests with an answer that says "admitted", as far as the generator can tell
	Sent        int64   // requests, with those under way at the end
	Connections int64   // how many may have been under way at the end; 0: each was awaited
	Units       []int64 // what was sent, by key
	MostUnits   int64   // of one request
	Alike       bool    // each request was of any key alike
}

// manyOf is after how many requests for each key, all alike, it is no chance any more that
// a key had none: of a million keys, one in ten million runs.
const manyOf = 30

// Check fails unless what was recorded between two counts is what was sent: of each key
// not more, and in all not less than what was answered.
func Check(before, after Count, seen Seen) error {
	lost := seen.Sent - seen.Answered
	if lost < 0 || lost > seen.Connections {
		return fmt.Errorf("%d requests were sent over %d connections and %d answered", seen.Sent, seen.Connections, seen.Answered)
	}
	if after.Units == nil {
		recorded := after.Requests - before.Requests
		if recorded < seen.Answered || recorded > seen.Sent {
			return fmt.Errorf("%d requests were answered, of %d sent, and %d are recorded", seen.Answered, seen.Sent, recorded)
		}
		return nil
	}
	if len(before.Units) != len(seen.Units) || len(after.Units) != len(seen.Units) {
		return fmt.Errorf("%d keys were used, and counts read of %d before and of %d after", len(seen.Units), len(before.Units), len(after.Units))
	}
	var sent, recorded int64
	for key, units := range seen.Units {
		of := after.Units[key] - before.Units[key]
		if of > units || of < 0 {
			return fmt.Errorf("of key %d, %d were sent and %d are recorded", key, units, of)
		}
		if units == 0 && seen.Alike && seen.Sent >= manyOf*int64(len(seen.Units)) {
			return fmt.Errorf("no request was of key %d, of %d for %d keys: the load is not what it should be", key, seen.Sent, len(seen.Units))
		}
		sent, recorded = sent+units, recorded+of
	}
	if sent-recorded > lost*seen.MostUnits {
		return fmt.Errorf("%d were sent and %d are recorded, though only %d requests had no answer", sent, recorded, lost)
	}
	return nil
}

// Add adds what another generator saw at the same time, of the same keys.
func (s *Seen) Add(other Seen) {
	s.Answered += other.Answered
	s.Sent += other.Sent
	s.Connections += other.Connections
	s.Alike = other.Alike
	s.MostUnits = max(s.MostUnits, other.MostUnits)
	if s.Units == nil {
		s.Units = make([]int64, len(other.Units))
	}
	for key, units := range other.Units {
		s.Units[key] += units
	}
}

// Recorded is what was recorded between two counts: units where keys are known, or else
// requests.
func Recorded(before, after Count) int64 {
	if after.Units == nil {
		return after.Requests - before.Requests
	}
	var recorded int64
	for key := range after.Units {
		recorded += after.Units[key] - before.Units[key]
	}
	return recorded
}
