//go:build long

package deploy_test

import (
	"os"
	"testing"
)

// TestReleaseBuildsOnEveryPlatform takes minutes for each when nothing is cached.
func TestReleaseBuildsOnEveryPlatform(t *testing.T) {
	_, build, _ := readRelease(t)
	for _, system := range build.Goos {
		for _, architecture := range build.Goarch {
			t.Run(system+"/"+architecture, func(t *testing.T) {
				command := goFor(t, system, architecture, "build", "-trimpath", "-buildvcs=false", "-o", os.DevNull, build.Main)
				if err := command.Run(); err != nil {
					t.Errorf("%v\n%s", err, command.Stderr)
				}
			})
		}
	}
}
