package upgrade_test

import (
	"os"
	"testing"

	"github.com/ration-dev/ration/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RemoveBinary()
	if formerDir != "" {
		_ = os.RemoveAll(formerDir)
	}
	os.Exit(code)
}
