package adminsock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// Listen opens the socket of a database file. The caller must hold the file's
// lock: a socket that is there already is then a dead server's, and replaced.
// Close the listener before the lock is given up.
func Listen(ctx context.Context, database string) (net.Listener, error) {
	path, err := Path(database)
	if err != nil {
		return nil, err
	}
	listener, err := listen(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("opening the administration socket %q: %w%s", path, err, cure(path, err))
	}
	return listener, nil
}

// cure says what to do where the system refuses the socket.
func cure(path string, err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf(": this user must be able to create and replace files in %q; give it that right, or remove what another user has put there", filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return ": something else is in its place; move it away, or give the database another path"
	}
	return ""
}

// kindOf names what a file is.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode.IsRegular():
		return "a file"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "a device"
}

// listen binds in a directory that nobody else may enter and moves the socket
// to its place once it has its mode, so that it is never open to others.
func listen(ctx context.Context, path string) (_ net.Listener, err error) {
	if info, statErr := os.Lstat(path); statErr == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("there is %s in its place, which is not Ration's: move it away, or give the database another path", kindOf(info.Mode()))
	}
	private := filepath.Join(filepath.Dir(path), privatePrefix+rand.Text()[:privateRandom])
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.Remove(private)) }()
	bound := filepath.Join(private, boundName)
	inner, err := new(net.ListenConfig).Listen(ctx, "unix", bound)
	if err != nil {
		return nil, err
	}
	unix, ok := inner.(*net.UnixListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the system's socket is a %T", inner), inner.Close())
	}
	if err := errors.Join(os.Chmod(bound, 0o600), os.Rename(bound, path)); err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	unix.SetUnlinkOnClose(false)
	return &socket{UnixListener: unix, path: path}, nil
}

// socket removes its file when it is closed.
type socket struct {
	*net.UnixListener
	path string
}

// Addr returns the address with the path that clients dial.
func (s *socket) Addr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Close ends the listening. Closing again returns net.ErrClosed.
func (s *socket) Close() error {
	if err := s.UnixListener.Close(); err != nil {
		return err
	}
	return os.Remove(s.path)
}
