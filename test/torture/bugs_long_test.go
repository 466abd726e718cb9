//go:build long

package torture_test

import "testing"

// TestSeededBugsAreFound builds ration with one mistake after another, and wants each to be
// found within five minutes.
func TestSeededBugsAreFound(t *testing.T) {
	for _, b := range seeded {
		t.Run(b.name, func(t *testing.T) { b.isFound(t) })
	}
}
