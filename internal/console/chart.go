package console

import (
	"fmt"
	"strings"

	"github.com/ration-dev/ration"
)

// chart is what a script draws.
type chart struct {
	Zone   string   `json:"zone,omitempty"` // of the key; empty: UTC
	Step   int64    `json:"step"`           // seconds between two times
	Times  []int64  `json:"times"`          // Unix seconds
	Series []series `json:"series"`         // which stand on each other
}

// series is one kind of bars.
type series struct {
	Label  string  `json:"label"`
	Tone   string  `json:"tone"` // the name of its colour
	Values []int64 `json:"values"`
}

// Sum returns the sum of all values.
func (s series) Sum() int64 {
	var sum int64
	for _, value := range s.Values {
		sum += value
	}
	return sum
}

// bar shows which part of something is used, in percent.
type bar struct {
	Used, Reserved int
	Tone           string // empty, "near" or "full"
	Label          string
}

// nearPart is from which part on a limit counts as near, in percent.
const nearPart = 80

// barOf returns the bar of a limit.
func barOf(status *ration.LimitStatus) bar {
	return usedBar(status.Used, status.Reserved, status.Size(), status.Remaining, grouped(fmt.Sprintf("%s of %s used", status.Unit.Text(status.Used), status.Limit)))
}

func usedBar(used, reserved, size, remaining int64, label string) bar {
	made := bar{Used: percent(used, size), Label: label}
	made.Reserved = min(percent(reserved, size), 100-made.Used)
	switch taken := made.Used + made.Reserved; {
	case remaining <= 0:
		made.Tone = "full"
	case taken >= nearPart:
		made.Tone = "near"
	}
	return made
}

// percent returns a part of a whole from 0 to 100, rounded down, but 1 for the least.
func percent(part, whole int64) int {
	if whole <= 0 || part >= whole {
		return 100
	}
	if part <= 0 {
		return 0
	}
	return max(1, int(float64(part)/float64(whole)*100))
}

// spark is a chart as small as a word.
type spark struct {
	Width int
	Path  string
	Label string
}

// sparkOf draws a bar for each value.
func sparkOf(values []int64, label string) spark {
	var most int64 = 1
	for _, value := range values {
		most = max(most, value)
	}
	var path strings.Builder
	for i, value := range values {
		height := float64(value) / float64(most) * 23
		if value > 0 && height < 1 {
			height = 1
		}
		if height > 0 {
			fmt.Fprintf(&path, "M%d %.1fh3V24h-3z", i*4, 24-height)
		}
	}
	return spark{len(values) * 4, path.String(), label}
}
