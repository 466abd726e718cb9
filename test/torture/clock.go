package torture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// SQLite has the clock of the process, which nobody can set without setting the machine's.
// So a run that steps it, or passes a midnight, builds ration with a time.Now of its own, over that of Go, which
// adds what a file says. The rest is as people run it, and the monotonic clock is Go's.

// stepsProcess reports whether a run steps the clock of a process.
func (o *Options) stepsProcess() bool {
	return o.Midnight || o.Store == SQLite && (len(o.Faults) == 0 || slices.Contains(o.Faults, ClockStep))
}

// readsClock is what time.Now says in Go, and saysStep what it says here.
const readsClock, saysStep = "sec, nsec, mono := runtimeNow()\n", "sec, nsec, mono := steppedNow()\n"

// StepClock adds a clock that steps.
func (o Overlay) StepClock(ctx context.Context, dir string) error {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("asking where Go is: %w", err)
	}
	source := filepath.Join(string(bytes.TrimSpace(root)), "src", "time")
	now := filepath.Join(source, "time.go")
	text, err := os.ReadFile(now)
	if err != nil {
		return err
	}
	if times := bytes.Count(text, []byte(readsClock)); times != 1 {
		return fmt.Errorf("%s reads the clock with %q %d times, not once: Go has changed, so test/torture/clock.go must", now, readsClock, times)
	}
	stepped, err := os.ReadFile("clock/step.go.txt")
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"time.go": bytes.Replace(text, []byte(readsClock), []byte(saysStep), 1), "step.go": stepped} {
		copied := filepath.Join(dir, "time-"+name)
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			return err
		}
		o[filepath.Join(source, name)] = copied
	}
	return nil
}

// newClock makes the file that a process's clock follows.
func (r *rig) newClock() {
	r.Helper()
	r.build.Clock = filepath.Join(r.TempDir(), "clock")
	if err := r.setProcessClock(r.base); err != nil {
		r.Fatal(err)
	}
}

// setProcessClock sets the clock of the process, at once.
func (r *rig) setProcessClock(ahead time.Duration) (err error) {
	file, err := os.OpenFile(r.build.Clock, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(binary.NativeEndian.AppendUint64(nil, uint64(ahead)))
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
