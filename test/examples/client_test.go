package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
)

// language is a client under clients, and the program in testdata that uses it.
type language struct {
	name        string
	command     []string
	environment []string
	ways        []string // in which it makes calls
}

var languages = []language{
	{"python", []string{"python3", "-B", "testdata/client.py"}, []string{"PYTHONPATH=../../clients/python"}, []string{"threads", "asyncio"}},
	{"typescript", []string{"node", "testdata/client.js"}, nil, []string{"promises"}},
}

// made is what became of a call that a client has made.
type made struct {
	Allowed     bool                   `json:"allowed"`
	Code        string                 `json:"code"`
	Replayed    bool                   `json:"replayed"`
	Status      int                    `json:"status"`
	Reservation string                 `json:"reservation"` // its id
	Owner       string                 `json:"owner"`
	Remaining   []json.Number          `json:"remaining"`
	State       string                 `json:"state"`
	Settled     map[string]json.Number `json:"settled"`

	Answer json.RawMessage `json:"answer"` // of the admin API and of the usage of a key

	Error     string `json:"error"` // the name of its type; empty: none
	Text      string `json:"text"`
	RequestID string `json:"request_id"`
}

// options are named arguments of a call.
type options map[string]any

// caller is a program that makes calls.
type caller struct {
	t      *testing.T
	in     io.WriteCloser
	out    *bufio.Scanner
	said   bytes.Buffer // on stderr; read it once the program has ended
	end    func() error
	asyncs bool
}

// start starts the program for a server.
func (l language) start(t *testing.T, url, token, way string, more ...string) *caller {
	t.Helper()
	process := exec.CommandContext(t.Context(), l.command[0], l.command[1:]...)
	process.Env = append(append(os.Environ(), more...), append(l.environment, "RATION_URL="+url, "RATION_TOKEN="+token, "http_proxy=http://127.0.0.1:1", "all_proxy=http://127.0.0.1:1")...)
	c := &caller{t: t, asyncs: way == "asyncio"}
	process.Stderr = &c.said
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	c.in, c.out, c.end = in, bufio.NewScanner(out), process.Wait
	return c
}

// send sends a call. Its outcome comes with the next receive.
func (c *caller) send(do string, options options, args ...any) {
	c.t.Helper()
	if args == nil {
		args = []any{}
	}
	if options == nil {
		options = map[string]any{}
	}
	line, err := json.Marshal(map[string]any{"do": do, "args": args, "options": options, "async": c.asyncs})
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		c.t.Fatal(err)
	}
}

func (c *caller) receive() made {
	c.t.Helper()
	var got made
	if !c.out.Scan() {
		_ = c.end()
		c.t.Fatalf("the program has ended: %s", &c.said)
	}
	if err := json.Unmarshal(c.out.Bytes(), &got); err != nil {
		c.t.Fatalf("%s: %v", c.out.Bytes(), err)
	}
	return got
}

func (c *caller) call(do string, options options, args ...any) made {
	c.t.Helper()
	c.send(do, options, args...)
	return c.receive()
}

// stop ends the program in order, and returns what it has said besides.
func (c *caller) stop() string {
	c.t.Helper()
	_ = c.in.Close()
	if err := c.end(); err != nil {
		c.t.Errorf("the program: %v\n%s", err, &c.said)
	}
	return c.said.String()
}

// bench is a client's program with Ration at hand.
type bench struct {
	*caller
	t      *testing.T
	gate   *gate // between the two
	admin  *gate // the same before the admin API
	ration *harness.Instance
	db     string
	key    harness.Key // of the present scenario
	token  string
	manage string // the token for the admin API
}

// TestClients runs each scenario with each client, in each of its ways.
func TestClients(t *testing.T) {
	for _, language := range languages {
		for _, way := range language.ways {
			t.Run(language.name+" "+way, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, language, way)
				for _, scenario := range scenarios {
					t.Run(scenario.name, func(t *testing.T) {
						b.key = harness.CreateKey(t, b.db, "--limit", "100/day", "--limit", "1000 tokens/day", "--owner", "ada", "--time-zone", harness.NoonZone())
						b.t, b.caller.t = t, t
						b.gate.answerWith(nil)
						b.admin.answerWith(nil)
						scenario.run(t, b)
					})
				}
				b.t, b.caller.t = t, t
				if said := b.stop(); strings.Contains(said, b.token) || strings.Contains(said, b.manage) || strings.Contains(said, "rk_") {
					t.Errorf("a secret is in what it said: %s", said)
				}
			})
		}
	}
}

func newBench(t *testing.T, language language, way string) *bench {
	t.Helper()
	b := &bench{t: t, db: "sqlite:" + filepath.Join(t.TempDir(), "ration.db")}
	b.token = strings.TrimSpace(harness.CLI(t, b.db, "tokens", "create", "app", "--scope", "verify"))
	b.manage = strings.TrimSpace(harness.CLI(t, b.db, "tokens", "create", "back-office", "--scope", "admin"))
	admin := harness.FreeAddr(t)
	b.ration = harness.NewInstance(t, b.db, harness.NewUpstream(t).URL, "--admin-listen", admin)
	b.ration.Start()
	b.ration.AwaitReady()
	b.gate, b.admin = newGate(t, b.ration.APIURL), newGate(t, "http://"+admin)
	b.caller = language.start(t, "http://"+b.gate.addr+beneath+"/", b.token, way, "RATION_ADMIN_URL=http://"+b.admin.addr+beneath, "RATION_ADMIN_TOKEN="+b.manage)
	return b
}

// wants checks the error of a call; "" wants a decision that allows it.
func (b *bench) wants(got made, kind, code string) {
	b.t.Helper()
	if got.Error != kind || kind != "" && got.Code != code || kind == "" && !got.Allowed && got.State == "" && got.Answer == nil {
		b.t.Errorf("got %+v; want error %q, code %q", got, kind, code)
	}
	if strings.Contains(got.Text, "rk_") || strings.Contains(got.Text, b.token) || strings.Contains(got.Text, b.manage) {
		b.t.Errorf("a secret is in the error %q", got.Text)
	}
}

// wantUsed checks how many requests were counted in the end.
func (b *bench) wantUsed(want int) {
	b.t.Helper()
	if used := harness.Used(b.t, b.db, b.key.ID); used != want {
		b.t.Errorf("%d requests were counted, want %d", used, want)
	}
}

// soon is a deadline of a call, in seconds, within which no answer comes.
const soon = 0.5

// patient is a deadline of calls that succeed, however busy the machine is.
var patient = options{"timeout": (2 * patience / time.Second).Nanoseconds()}

// with returns options with one more, or with another value.
func (o options) with(name string, value any) options {
	all := maps.Clone(o)
	all[name] = value
	return all
}
