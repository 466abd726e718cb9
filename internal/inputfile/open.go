package inputfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// silence is how long a pipe may give nothing. A shell's <(command) is a pipe.
var silence = 10 * time.Second

// Errors say what is wrong without the path.
var (
	errDirectory = errors.New("is a directory; give the path of a file")
	errDevice    = errors.New("is a device or a socket; give the path of a file")
	errSilent    = errors.New("is a pipe that nobody writes to")
)

// Open opens a file or a pipe for reading. Reading from a pipe fails after
// 10 seconds without any; an end without any content, before there was a writer, is waited out
// as long. Its errors have no path but those of package fs.
func Open(path string) (io.ReadCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		return nil, errDirectory
	case mode.IsRegular(), path == os.DevNull:
		return os.Open(path)
	case mode&fs.ModeNamedPipe == 0:
		return nil, errDevice
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // or it would wait for a writer
	if err != nil {
		return nil, err
	}
	return &pipe{file: file}, nil
}

// pipe is a pipe that may have no writer yet.
type pipe struct {
	file  *os.File
	begun bool // something was read
}

// poll is how often a pipe is looked at that has no writer.
const poll = 20 * time.Millisecond

// Read implements io.Reader.
func (p *pipe) Read(buffer []byte) (int, error) {
	deadline := time.Now().Add(silence)
	if err := p.file.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	for {
		n, err := p.file.Read(buffer)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return n, errSilent
		case n > 0 || err == nil || p.begun || !errors.Is(err, io.EOF):
			p.begun = p.begun || n > 0
			return n, err
		case time.Now().After(deadline):
			return 0, errSilent
		}
		time.Sleep(poll)
	}
}

// Close implements io.Closer.
func (p *pipe) Close() error { return p.file.Close() }
