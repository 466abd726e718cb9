package inputfile

import (
	"fmt"
	"io"
)

// Read returns what a file or a pipe holds: at most so many bytes. Its errors are
// those of [Open], and one that says that there is more.
func Read(path string, most int) ([]byte, error) {
	file, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if err == nil && len(content) > most {
		return nil, fmt.Errorf("is larger than %d KiB", most>>10)
	}
	return content, err
}
