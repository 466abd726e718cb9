//go:build !unix

package harness

// Freeze ends the test: this system has no signal for it.
func (i *Instance) Freeze() {
	i.t.Helper()
	i.t.Skip("only Unix systems can freeze a process")
}

// Thaw is never reached.
func (i *Instance) Thaw() {}
