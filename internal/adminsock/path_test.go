package adminsock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/adminsock"
)

func TestLongPathsHaveAShortSocket(t *testing.T) {
	directory := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", "/tmp")
	socket, err := adminsock.Path(path)
	if err != nil || len(socket) > 103 || filepath.Dir(socket) != "/tmp" {
		t.Fatalf("socket %q (%v); want a short one among temporary files", socket, err)
	}
	serve(t, path, nil)
	t.Chdir(directory)
	if _, err := adminsock.Dial(t.Context(), "./ration.db"); err != nil {
		t.Error(err)
	}
}

func TestNoPathIsShortEnough(t *testing.T) {
	directory := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	if err := os.Mkdir(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", directory)
	path := filepath.Join(directory, "ration.db")
	_, listening := adminsock.Listen(t.Context(), path)
	_, dialing := adminsock.Dial(t.Context(), path)
	for doing, err := range map[string]error{"listening": listening, "dialing": dialing} {
		if err == nil || !strings.Contains(err.Error(), "choose a shorter one (TMPDIR)") {
			t.Errorf("%s: %v", doing, err)
		}
	}
}

// TestDatabasesOfEveryPathLengthAreServed goes over the bound byte by byte, with
// short names, where the path that is bound at first is the longer one, and with
// long ones.
func TestDatabasesOfEveryPathLengthAreServed(t *testing.T) {
	base, err := os.MkdirTemp("/tmp", "") // a short one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if base, err = filepath.EvalSymlinks(base); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "a.db", "ration.db", "a-long-name.db"} {
		beside, elsewhere := 0, 0
		for length := 80; length <= 112; length++ {
			directory := filepath.Join(base, strings.Repeat("d", length-len(base)-len(name)-2))
			path := filepath.Join(directory, name)
			if err := errors.Join(os.MkdirAll(directory, 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			if len(path) != length {
				t.Fatalf("the path has %d bytes, want %d", len(path), length)
			}
			listener, err := adminsock.Listen(t.Context(), path)
			if err != nil {
				t.Errorf("path of %d bytes: %v", length, err)
				continue
			}
			if listener.Addr().String() == path+".sock" {
				beside++
			} else {
				elsewhere++
			}
			if err := listener.Close(); err != nil {
				t.Error(err)
			}
		}
		if beside == 0 || elsewhere == 0 {
			t.Errorf("%s: %d sockets beside their database, %d elsewhere; want some of both", name, beside, elsewhere)
		}
	}
}

func TestEveryNameOfADatabaseHasOneSocket(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "ration.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, filepath.Join(directory, "link.db")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(directory)
	want, err := adminsock.Path(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ration.db", "./ration.db", "link.db", "../" + filepath.Base(directory) + "/ration.db"} {
		if got, err := adminsock.Path(name); err != nil || got != want {
			t.Errorf("%s has %s (%v); want %s", name, got, err, want)
		}
	}
}
