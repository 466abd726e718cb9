// Package wrk runs the load generator wrk as a process of its own, with requests of many
// keys and of several kinds, and tells what it sent and what was answered.
package wrk

import (
	"bytes"
	"context"
	_ "embed" // of the script
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed load.lua
var script []byte

// Kind is one kind of request. "SECRET" in a header or in the body stands for the secret
// of a key.
type Kind struct {
	Method, Path string
	Headers      map[string]string
	Body         string
	Units        int64 // what an admitted request counts
}

// Load is what wrk does.
type Load struct {
	URL         string
	Secrets     []string // one per key
	Kinds       []Kind
	Connections int
	Length      time.Duration // in whole seconds
}

// Result is what came of it.
type Result struct {
	PerSecond float64       // answers
	P50, P99  time.Duration // wrk corrects them for requests that it could not send in time
	Sent      int64         // requests; those under way at the end have no answer
	Answered  int64
	UnitsSent []int64 // by key
}

// threads of wrk: one keeps up with what two cores answer, and the machine has others to
// serve.
const threads = 1

// Run runs wrk in a directory of this load. Any answer with another status than 2xx or
// 3xx is an error, as is a connection that fails: a refusal is quicker than an admission.
func Run(ctx context.Context, dir string, load Load) (Result, error) {
	for name, content := range map[string][]byte{"load.lua": script, "plan.lua": plan(load, rand.IntN(1_000_000))} { //nolint:gosec // a workload is no secret
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return Result{}, err
		}
	}
	command := exec.CommandContext(ctx, "wrk", "--threads", strconv.Itoa(threads), "--connections", strconv.Itoa(load.Connections),
		"--duration", strconv.Itoa(int(load.Length.Seconds()))+"s", "--timeout", "10s", "--script", filepath.Join(dir, "load.lua"),
		load.URL, "--", filepath.Join(dir, "plan.lua"))
	output, err := command.CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("running wrk: %w\n%s", err, output)
	}
	return Parse(output)
}

// plan is what the script reads. Secrets are in this file and in no list of processes.
func plan(load Load, seed int) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "return {seed = %d, secrets = {", seed)
	for _, secret := range load.Secrets {
		fmt.Fprintf(&text, "%s,", quote(secret))
	}
	text.WriteString("}, kinds = {\n")
	for _, kind := range load.Kinds {
		fmt.Fprintf(&text, "{units = %d, method = %s, path = %s, headers = {", kind.Units, quote(kind.Method), quote(kind.Path))
		for name, value := range kind.Headers {
			fmt.Fprintf(&text, "[%s] = %s,", quote(name), quote(value))
		}
		text.WriteString("}")
		if kind.Body != "" {
			fmt.Fprintf(&text, ", body = %s", quote(kind.Body))
		}
		text.WriteString("},\n")
	}
	text.WriteString("}}\n")
	return text.Bytes()
}

// quote makes a string of Lua.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(text) + `"`
}

// Parse reads what the script printed.
func Parse(output []byte) (Result, error) {
	_, line, found := bytes.Cut(output, []byte("\nRESULT "))
	if !found {
		return Result{}, fmt.Errorf("wrk printed no result:\n%s", output)
	}
	line, _, _ = bytes.Cut(line, []byte("\n"))
	var said struct {
		Sent, Answered, Microseconds, P50, P99 int64
		Connect, Read, Write, Status, Timeout  int64
		UnitsSent                              []int64
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return Result{}, fmt.Errorf("reading wrk's result: %w", err)
	}
	if said.Connect+said.Read+said.Write+said.Status+said.Timeout > 0 {
		return Result{}, fmt.Errorf("%d connections failed, %d reads, %d writes; %d answers had a status over 399, and %d did not come in time",
			said.Connect, said.Read, said.Write, said.Status, said.Timeout)
	}
	if said.Answered == 0 || said.Microseconds == 0 {
		return Result{}, errors.New("wrk got no answer")
	}
	return Result{
		PerSecond: float64(said.Answered) / (float64(said.Microseconds) / 1e6),
		P50:       time.Duration(said.P50) * time.Microsecond, P99: time.Duration(said.P99) * time.Microsecond,
		Sent: said.Sent, Answered: said.Answered, UnitsSent: said.UnitsSent,
	}, nil
}
