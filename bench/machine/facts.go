package machine

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// Facts are what figures depend on.
type Facts struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory_bytes"`
	FileSystem string `json:"file_system"` // that databases were on
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Load       string `json:"load_average"` // before the run: a busy machine's figures are noise
}

// Read reads the facts of this machine; what it doesn't tell stays empty.
func Read(ctx context.Context, dir string) (Facts, error) {
	disk, err := FileSystem(dir)
	facts := Facts{
		CPU: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), FileSystem: disk,
		Go: strings.TrimPrefix(runtime.Version(), "go"),
	}
	kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	facts.Memory = kilobytes << 10
	if output, err := exec.CommandContext(ctx, "uname", "-sr").Output(); err == nil {
		facts.Kernel = strings.TrimSpace(string(output))
	}
	if content, err := os.ReadFile("/proc/loadavg"); err == nil {
		facts.Load = strings.Join(strings.Fields(string(content))[:1], "")
	}
	return facts, err
}

// field returns the first value of a name in one of Linux's files.
func field(file, name string) string {
	content, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer content.Close()
	for lines := bufio.NewScanner(content); lines.Scan(); {
		if found, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(found) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
