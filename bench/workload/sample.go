package workload

import (
	"time"

	"github.com/ration-dev/ration/bench/load"
	"github.com/ration-dev/ration/bench/report"
	"github.com/ration-dev/ration/bench/tally"
)

// checked returns a sample if all places that record agree with what was seen.
func checked(sample report.Sample, seen tally.Seen, before, after []tally.Count) (report.Sample, error) {
	for i := range after {
		if err := tally.Check(before[i], after[i], seen); err != nil {
			return report.Sample{}, err
		}
	}
	sample.Answered, sample.Recorded = seen.Answered, tally.Recorded(before[0], after[0])
	return sample, nil
}

// awaited is [checked] for a load that awaited each answer.
func awaited(result load.Result, alike bool, before, after []tally.Count) (report.Sample, error) {
	sample := report.Sample{PerSecond: result.PerSecond, P50: milliseconds(result.P50), P99: milliseconds(result.P99)}
	return checked(sample, tally.Seen{Answered: result.Answered, Sent: result.Answered, Units: result.Units, Alike: alike}, before, after)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
