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
		return nil, fmt.Errorf("opening the administration socket %q: %w", path, err)
	}
	return listener, nil
}

// listen binds in a directory that nobody else may enter and moves the socket
// to its place once it has its mode, so that it is never open to others.
func listen(ctx context.Context, path string) (_ net.Listener, err error) {
	if info, statErr := os.Lstat(path); statErr == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, errors.New("there is something that is no socket")
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
