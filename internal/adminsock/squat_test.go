//go:build unix

package adminsock_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ration-dev/ration/internal/adminsock"
)

// TestPlaceOfTheSocketThatIsTaken wants the path, what is there, and what to do.
func TestPlaceOfTheSocketThatIsTaken(t *testing.T) {
	for name, row := range map[string]struct {
		squat func(path string) error
		says  string
	}{
		"a file":              {func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) }, "there is a file in its place"},
		"a directory":         {func(path string) error { return os.Mkdir(path, 0o700) }, "there is a directory in its place"},
		"a symbolic link":     {func(path string) error { return os.Symlink("/dev/null", path) }, "there is a symbolic link in its place"},
		"a link that dangles": {func(path string) error { return os.Symlink("none", path) }, "there is a symbolic link in its place"},
		"a pipe":              {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "there is a pipe in its place"},
	} {
		t.Run(name, func(t *testing.T) {
			database := filepath.Join(t.TempDir(), "r.db")
			path, err := adminsock.Path(database)
			if err != nil {
				t.Fatal(err)
			}
			if err := row.squat(path); err != nil {
				t.Fatal(err)
			}
			_, err = adminsock.Listen(t.Context(), database)
			if err == nil || !strings.Contains(err.Error(), row.says) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move it away") {
				t.Errorf("%v; want %q, the path, and what to do", err, row.says)
			}
			if _, statErr := os.Lstat(path); statErr != nil {
				t.Errorf("what was there is gone: %v", statErr)
			}
		})
	}
}

// TestSocketThatADeadServerLeftIsReplaced: the lock of the file is held, so nobody
// else's server is behind it.
func TestSocketThatADeadServerLeftIsReplaced(t *testing.T) {
	database := filepath.Join(t.TempDir(), "r.db")
	path, err := adminsock.Path(database)
	if err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	listener, err := adminsock.Listen(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
}
