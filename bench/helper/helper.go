// Package helper runs a program of the benchmark as a process of its own and speaks with
// it: a line of JSON each way, over its standard input and output. The program ends when
// its input does.
package helper

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// DatabaseVariable names the environment variable with the URL, path or address of a
// program's database: it may have a password.
const DatabaseVariable = "BENCH_DATABASE"

// Question is what a program is asked.
type Question struct {
	Do             string        `json:"do"` // "counted" or "measure"
	WarmUp, Length time.Duration // of a measurement
}

// Ready is a program's first line.
type Ready struct {
	Address string `json:"address,omitempty"` // where it serves HTTP
}

// Process is a program that runs.
type Process struct {
	Ready
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
}

// Start starts a program with a database and waits until it is ready.
func Start(ctx context.Context, program, database string, args ...string) (*Process, error) {
	p := &Process{command: exec.CommandContext(ctx, program, args...)}
	p.command.Env, p.command.Stderr = append(os.Environ(), DatabaseVariable+"="+database), os.Stderr
	var err error
	if p.input, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.output = bufio.NewReader(output)
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	if err := p.read(&p.Ready); err != nil {
		return nil, errors.Join(fmt.Errorf("starting %v: %w", args, err), p.Stop())
	}
	return p, nil
}

// Ask asks a question and reads its answer.
func (p *Process) Ask(question Question, answer any) error {
	if err := json.NewEncoder(p.input).Encode(question); err != nil {
		return fmt.Errorf("asking %v: %w", p.command.Args, err)
	}
	return p.read(answer)
}

// PID returns the process's id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Stop lets the program end.
func (p *Process) Stop() error { return errors.Join(p.input.Close(), p.command.Wait()) }

func (p *Process) read(answer any) error {
	line, err := p.output.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the answer of %v: %w", p.command.Args, err)
	}
	return json.Unmarshal(line, answer)
}

// Counted is what a program that serves HTTP has counted.
type Counted struct {
	Requests int64            `json:"requests"` // in all
	Used     map[string]int64 `json:"used"`     // by key, where it knows keys
}
