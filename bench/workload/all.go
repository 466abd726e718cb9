package workload

import "slices"

// Sizes are what the command line can choose.
type Sizes struct {
	Keys  []int // of the engine's workloads with many keys
	Rates []int // requests a second of the open loop
}

// Parts are the names of the parts that can be run by themselves.
var Parts = []string{"verify", "proxy", "engine", "instances", "latency"}

// All returns every workload, in the order in which they run.
func All(sizes Sizes) []Workload {
	all := slices.Concat([]Workload{Verify(64), Verify(256), Proxy(64)}, Engines(sizes.Keys), []Workload{Instances()})
	for _, rate := range sizes.Rates {
		all = append(all, Latency(rate))
	}
	return all
}
