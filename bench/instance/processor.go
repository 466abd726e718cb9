package instance

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of Linux's times of processes.
const tick = 10 * time.Millisecond

// Processor returns how long the process has kept processors busy since it began, as
// Linux tells it.
func (i *Instance) Processor() (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", i.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:])) // from the third on
	var ticks int
	for _, place := range []int{14, 15} { // user and system time
		n, err := strconv.Atoi(fields[place-3])
		if err != nil {
			return 0, fmt.Errorf("reading the times of process %d: %w", i.process.Process.Pid, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
