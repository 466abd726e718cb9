package workload

import (
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/rig"
)

// rations returns the binary that is measured on each store, and the baseline if there is
// one.
func rations(r *rig.Rig, start func(programs rig.Programs, store rig.Store) starting) (entries []Entry) {
	for _, store := range r.Stores {
		entries = append(entries, Entry{Name: report.RationOn(string(store)), Ours: true, Start: start(r.Programs, store)})
		if r.Baseline.Ration != "" {
			entries = append(entries, Entry{Name: report.BaselineOn(string(store)), Older: report.RationOn(string(store)), Start: start(r.Baseline, store)})
		}
	}
	return entries
}
