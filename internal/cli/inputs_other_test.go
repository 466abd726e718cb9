//go:build !linux

package cli_test

import (
	"os"
	"testing"
)

// asOther does something as a user who isn't root, who may read everything.
func asOther(t *testing.T, do func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Fatal("run the tests as another user than root: root can read what nobody may")
	}
	do()
}
