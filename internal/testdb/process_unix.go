//go:build unix

package testdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs the server: this process's own user (the zero value) or,
// because PostgreSQL refuses to run as root, an unprivileged one.
type account struct {
	credential *syscall.Credential
}

// serverAccount picks the account to run servers as.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(found.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(found.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return account{}, fmt.Errorf("reading the ids of user %s: %w", name, err)
		}
		return account{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// own hands a file or directory to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// apply makes cmd run as the account and in a process group of its own, so that
// an interrupt at the terminal reaches the tests and not the server under them.
func (a account) apply(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.credential}
}

// killFamily kills a postmaster and its children. It is stopped first, so that
// it can't fork a child that the list lacks.
func killFamily(postmaster int) (family []int, err error) {
	if err := syscall.Kill(postmaster, syscall.SIGSTOP); err != nil {
		return nil, fmt.Errorf("stopping process %d: %w", postmaster, err)
	}
	family = append(children(postmaster), postmaster)
	return family, signalAll(family, syscall.SIGKILL)
}

// pauseFamily stops a postmaster and its children, the postmaster first.
func pauseFamily(postmaster int) error {
	err := syscall.Kill(postmaster, syscall.SIGSTOP)
	return errors.Join(err, signalAll(children(postmaster), syscall.SIGSTOP))
}

// resumeFamily ends pauseFamily.
func resumeFamily(postmaster int) error {
	err := signalAll(children(postmaster), syscall.SIGCONT)
	return errors.Join(err, syscall.Kill(postmaster, syscall.SIGCONT))
}

func killProcess(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }

// signalAll sends a signal to all that are still there.
func signalAll(pids []int, signal syscall.Signal) (err error) {
	for _, pid := range pids {
		if sent := syscall.Kill(pid, signal); !errors.Is(sent, syscall.ESRCH) {
			err = errors.Join(err, sent)
		}
	}
	return err
}

// children lists the child processes of pid. Systems without /proc list none:
// there the children of a killed postmaster end when they notice its death.
func children(pid int) []int {
	var found []int
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, entry := range entries {
		_, parent := processStat(entry)
		if parent == pid {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
			found = append(found, child)
		}
	}
	return found
}

// running reports whether a process can still do anything. A zombie can't, and
// stays one for ever under an init that reaps nothing.
func running(pid int) bool {
	if state, _ := processStat(fmt.Sprintf("/proc/%d/stat", pid)); state != 0 {
		return state != 'Z' && state != 'X'
	}
	return syscall.Kill(pid, 0) == nil
}

// processStat reads a process's state and parent; the name before them is in
// parentheses and may hold anything. 0 where there is no such process.
func processStat(path string) (state byte, parent int) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	return fields[0][0], parent
}
