package faults

import (
	"time"

	"github.com/ration-dev/ration/internal/testdb"
)

// Stops are the ways in which a server goes away.
func Stops() []Fault {
	start := func(r *Rig) error { return r.Cluster.Start() }
	return []Fault{
		{
			Name: "immediate stop", Effect: Outage, Heal: start,
			Break: func(r *Rig) error { return r.Cluster.Stop(testdb.StopImmediate) },
		},
		{
			Name: "fast restart", Effect: Outage, Heal: start,
			Break: func(r *Rig) error { return r.Cluster.Stop(testdb.StopFast) },
		},
		{
			Name: "kill -9 of everything", Effect: Outage, Heal: start,
			Break: func(r *Rig) error { return r.Cluster.Kill() },
		},
		{
			Name: "kill -9 of the postmaster", Effect: Outage, Heal: start,
			Break: func(r *Rig) error { return r.Cluster.KillPostmaster() },
		},
	}
}

// Pause is a server that stops where it is, and goes on.
func Pause(hold time.Duration) Fault {
	return Fault{
		Name: "pause", Effect: Outage, Hold: hold,
		Break: func(r *Rig) error { return r.Cluster.Pause() },
		Heal:  func(r *Rig) error { return r.Cluster.Resume() },
	}
}
