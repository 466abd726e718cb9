package faults_test

import (
	"testing"
	"time"

	"github.com/ration-dev/ration/test/faults"
)

// outlast is longer than callers wait.
const outlast = 6500 * time.Millisecond

func TestStops(t *testing.T) {
	rig := faults.NewRig(t, faults.Setup{})
	for _, fault := range faults.Stops() {
		survive(t, rig, fault, faults.Repeats(1, 25))
	}
	survive(t, rig, faults.Pause(2*time.Second), faults.Repeats(1, 10))
}

func TestNetworks(t *testing.T) {
	rig := faults.NewRig(t, faults.Setup{Wire: true})
	survive(t, rig, faults.BlackHole(outlast), faults.Repeats(1, 10))
	survive(t, rig, faults.AnswersLost(2*time.Second), faults.Repeats(1, 10))
	survive(t, rig, faults.Forgotten(0), faults.Repeats(1, 10))
	survive(t, rig, faults.Refused(), faults.Repeats(1, 10))
	survive(t, rig, faults.Reset(), faults.Repeats(1, 50))
	survive(t, rig, faults.Slow(500*time.Millisecond, 4*time.Second), faults.Repeats(1, 10))
}

func TestConnections(t *testing.T) {
	rig := faults.NewRig(t, faults.Setup{Instances: 5, Settings: map[string]string{"max_connections": "40"}})
	survive(t, rig, faults.Crowd(), faults.Repeats(1, 10))
	survive(t, rig, faults.Displaced(), faults.Repeats(1, 10))
	survive(t, rig, faults.FewConnections(10), faults.Repeats(1, 10))
}

// survive runs a fault so often, every third time for longer than callers wait.
func survive(t *testing.T, rig *faults.Rig, fault faults.Fault, cycles int) {
	t.Run(fault.Name, func(t *testing.T) {
		for i := range cycles {
			fault := fault
			if i%3 == 2 && fault.Effect == faults.Outage {
				fault.Hold = outlast
			}
			report, err := rig.Cycle(fault)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(report)
			for _, violation := range report.Violations() {
				t.Error(violation)
			}
		}
	})
}
