package workload

import (
	"github.com/ration-dev/ration/bench/rig"
)

// Names of contenders, in results and tables.
const (
	Redis   = "Redis, fsync always"
	Memory  = "a map in memory"
	Nothing = "a handler that does nothing"

	ReverseProxy   = "a bare ReverseProxy"
	Straight       = "no proxy"
	ThreeInstances = "three instances"
	OneInstance    = "one instance"
)

func rationOn(store rig.Store) string   { return "Ration on " + string(store) }
func baselineOn(store rig.Store) string { return "baseline on " + string(store) }
func upsertOn(store rig.Store) string   { return "an upsert on " + string(store) }

// rations returns the binary that is measured on each store, and the baseline if there is
// one.
func rations(r *rig.Rig, start func(binary string, store rig.Store) starting) (entries []Entry) {
	for _, store := range r.Stores {
		entries = append(entries, Entry{Name: rationOn(store), Ours: true, Start: start(r.Ration, store)})
		if r.Baseline != "" {
			entries = append(entries, Entry{Name: baselineOn(store), Older: rationOn(store), Start: start(r.Baseline, store)})
		}
	}
	return entries
}
