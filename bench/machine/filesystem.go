// Package machine tells what a benchmark ran on.
package machine

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// FileSystem returns the type of the file system that a directory is on, such as ext4.
func FileSystem(dir string) (string, error) {
	output, err := exec.CommandContext(context.Background(), "df", "--output=fstype", dir).Output()
	if err != nil {
		return "", fmt.Errorf("asking for the file system of %s: %w", dir, err)
	}
	fields := strings.Fields(string(output)) // below a heading
	return fields[len(fields)-1], nil
}
