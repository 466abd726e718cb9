//go:build unix

package inputfile_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/inputfile"
)

const most = 64 << 10

func TestWhatIsNoFileEndsWithASentence(t *testing.T) {
	inputfile.SetSilence(t, 50*time.Millisecond)
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, make := range []error{
		os.WriteFile(path("large"), []byte(strings.Repeat("x", most+1)), 0o600), os.Symlink(path("loop"), path("loop")), syscall.Mkfifo(path("pipe"), 0o600),
		os.Symlink("/dev/zero", path("link to a device")),
	} {
		if make != nil {
			t.Fatal(make)
		}
	}
	listener, err := net.Listen("unix", path("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for name, want := range map[string]string{
		dir: "is a directory", "/dev/zero": "is a device", "/dev/random": "is a device", path("link to a device"): "is a device", path("socket"): "is a device or a socket",
		path("pipe"): "nobody writes", path("large"): "larger than 64 KiB", path("loop"): "too many levels of symbolic links", path("none"): "no such file",
	} {
		content, err := inputfile.Read(name, most)
		if err == nil || !strings.Contains(err.Error(), want) || len(content) > most+1 {
			t.Errorf("%s: %d bytes, %v; want %q", name, len(content), err, want)
		}
	}
}

func TestPipesAreReadToTheirEnd(t *testing.T) {
	inputfile.SetSilence(t, 5*time.Second)
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("listen: 127.0.0.1:0\n", 1000)
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(name, []byte(want), 0o600) }() // waits for a reader, which waits for it
	got, err := inputfile.Read(name, most)
	if err != nil || string(got) != want {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// TestProcessSubstitution reads what bash passes as <(command): a pipe under /dev/fd.
func TestProcessSubstitution(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if _, err := writer.WriteString("log_format: json\n"); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	name := filepath.Join("/dev/fd", strconv.Itoa(int(reader.Fd())))
	got, err := inputfile.Read(name, most)
	if err != nil || string(got) != "log_format: json\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNullDeviceIsAnEmptyFile(t *testing.T) {
	if got, err := inputfile.Read(os.DevNull, most); err != nil || len(got) > 0 {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := inputfile.Read("/none/at/all", most); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}
