package instance

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// PeakMemory returns the most memory that a process has had resident since it began, in
// bytes, as Linux tells it (VmHWM).
func PeakMemory(pid int) (int64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(content, []byte("\nVmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte(" kB\n"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	return kilobytes << 10, nil
}
