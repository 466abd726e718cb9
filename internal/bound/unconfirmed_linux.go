package bound

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unconfirmed returns how many bytes were written to a connection and not yet
// confirmed by its other end; -1 if that can't be told. Writing only goes on once
// a good part of what is queued is confirmed, which may take a slow client minutes.
func unconfirmed(c net.Conn) int {
	raw, able := c.(syscall.Conn)
	if !able {
		return -1
	}
	control, err := raw.SyscallConn()
	if err != nil {
		return -1
	}
	queued := -1
	err = control.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			queued = n
		}
	})
	if err != nil {
		return -1
	}
	return queued
}
