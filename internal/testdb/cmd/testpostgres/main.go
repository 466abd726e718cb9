//go:build unix

// Command testpostgres runs a command with a PostgreSQL for its tests:
//
//	testpostgres -- go test ./...
//
// It starts one private cluster, names it in RATION_TEST_POSTGRES_URL, runs the
// command, and removes the cluster. Clusters that tests start of their own are
// copies of a data directory that it makes once and names in
// RATION_TEST_POSTGRES_INITIAL. If RATION_TEST_POSTGRES_URL names a server already,
// the command runs with that one. The exit code is the command's, or 128 and the signal's number
// when a signal ended it. SIGINT and SIGTERM go to the command's whole process
// group and take the cluster along.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/ration-dev/ration/internal/testdb"
)

// exitFailure tells a fault of our own from most of the command's.
const exitFailure = 125

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "testpostgres: %v\n", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return exitFailure, errors.New("no command; usage: testpostgres -- command [argument ...]")
	}
	// Signals are caught before the cluster starts, so that none falls between.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if os.Getenv(testdb.URLVariable) != "" {
		return runCommand(args, signals)
	}
	initial, err := testdb.NewInitial(context.Background())
	if err != nil {
		return exitFailure, err
	}
	defer closeLast(initial.Close, &code, &err)
	if err := os.Setenv(testdb.InitialVariable, initial.Dir()); err != nil {
		return exitFailure, err
	}
	cluster, err := testdb.NewCluster(context.Background(), nil)
	if err != nil {
		return exitFailure, err
	}
	defer closeLast(cluster.Close, &code, &err)
	if err := os.Setenv(testdb.URLVariable, cluster.DSN()); err != nil {
		return exitFailure, err
	}
	return runCommand(args, signals)
}

// closeLast closes what a run needed; a failure to is one of the run.
func closeLast(shut func() error, code *int, err *error) {
	if closing := shut(); closing != nil {
		*code, *err = exitFailure, errors.Join(*err, closing)
	}
}

// runCommand runs the command in a process group of its own, because a signal to
// "go test" alone would leave the test binaries running.
func runCommand(args []string, signals <-chan os.Signal) (int, error) {
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return exitFailure, fmt.Errorf("starting the command: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case caught := <-signals:
			// The group may have ended by itself meanwhile; ended tells.
			_ = syscall.Kill(-cmd.Process.Pid, caught.(syscall.Signal))
		case err := <-ended:
			return exitCode(cmd.ProcessState, err)
		}
	}
}

// exitCode follows the shell's convention. A command that ran and failed is the
// command's own affair and no error here.
func exitCode(state *os.ProcessState, err error) (int, error) {
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		return exitFailure, fmt.Errorf("waiting for the command: %w", err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return state.ExitCode(), nil
}
