package testdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// leashScript runs a program and kills it when its standard input ends: with the
// test, or with this process however that ends.
const leashScript = `
trap '' INT TERM HUP QUIT
"$@" >>output 2>&1 &
cat >/dev/null
kill -KILL $! 2>/dev/null
wait
`

// leashed is a program that runs no longer than this process.
type leashed struct {
	cmd   *exec.Cmd
	leash io.Closer
}

// startLeashed starts a program as the account, in a directory where its output
// goes to the file "output".
func startLeashed(ctx context.Context, account account, dir, program string, args ...string) (*leashed, error) {
	// The context bounds a start; the program goes on after it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sh", append([]string{"-c", leashScript, "leash", program}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "HOME=" + dir}
	account.apply(cmd)
	leash, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("opening the pipe to %s: %w", program, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	return &leashed{cmd, leash}, nil
}

// kill ends the program with SIGKILL and waits until it has gone.
func (l *leashed) kill() error {
	err := errors.Join(l.leash.Close(), l.cmd.Wait())
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil // what the shell says of what it killed
	}
	return err
}
