package harness

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// Key is a key made by the CLI.
type Key struct{ ID, Secret string }

// CreateKey creates a key with this source's build: see [Build.CreateKey].
func CreateKey(t *testing.T, db string, more ...string) Key {
	t.Helper()
	return ThisBuild(t).CreateKey(t, db, more...)
}

// Used returns how many requests of a key "ration usage" knows of.
func Used(t *testing.T, db, keyID string) int {
	t.Helper()
	var days []struct {
		Meter string
		Used  int
	}
	out := CLI(t, db, "usage", "--key", keyID, "-o", "json")
	if err := json.Unmarshal([]byte(out), &days); err != nil {
		t.Fatalf("usage printed %q: %v", out, err)
	}
	total := 0
	for _, day := range days {
		if day.Meter == "requests" {
			total += day.Used
		}
	}
	return total
}

// UsedInHours returns how many requests all hours of a key have, in a database that has
// known hours from the beginning.
func UsedInHours(t *testing.T, db, keyID string) int {
	t.Helper()
	var report struct {
		Totals []struct {
			Meter string
			Used  int
		}
	}
	out := CLI(t, db, "usage", "--key", keyID, "--zone", "UTC", "-o", "json")
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("usage printed %q: %v", out, err)
	}
	for _, total := range report.Totals {
		if total.Meter == "requests" {
			return total.Used
		}
	}
	return 0
}

// NoonZone returns the name of a time zone in which it is about noon, so that
// no test of a daily quota meets midnight.
func NoonZone() string {
	hour := time.Now().UTC().Hour()
	return fmt.Sprintf("Etc/GMT%+d", hour-12) // POSIX signs: Etc/GMT+3 is 3 hours behind UTC
}

// Thresholds returns the percents of limits of a key that events tell it has used.
func Thresholds(t *testing.T, db, keyID string) (percents []int) {
	t.Helper()
	var feed struct {
		Items []struct{ Data struct{ Threshold int } }
	}
	out := CLI(t, db, "events", "list", "--type", "key.limit_threshold", "--key", keyID, "-o", "json")
	if err := json.Unmarshal([]byte(out), &feed); err != nil {
		t.Fatalf("events printed %q: %v", out, err)
	}
	for _, event := range feed.Items {
		percents = append(percents, event.Data.Threshold)
	}
	return percents
}
