package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/cli"
	"github.com/ration-dev/ration/internal/testbatch"
	"github.com/ration-dev/ration/rationadmin"
	"github.com/ration-dev/ration/sqlite"
)

var update = flag.Bool("update", false, "write what the scripts print into their expectations")

// scriptCommands are what a script has beside testscript's own commands. With a server,
// that server has the database open all the time; "server" sets its clock.
//
//	ration ARGS        runs the command line; its exit code must be 0
//	exit CODE ARGS     runs it and wants another exit code
//	let NAME           sets a variable to the standard output
//	normal             replaces what differs from run to run in the standard output
//	charge SECRET N [METER=UNITS]  charges N times, as a server does
//	reserve SECRET N [METER=UNITS]  reserves for an hour instead
//	login LINK         logs in with a login link, as a browser does, and sets CODE and SESSION
//	ask EMAIL          asks for a key, and sets KEY and CODE
//	pickup CODE        picks a key up, as whoever has its link does
//	server start [TIME]  has the database open as a server does, on a day in 2050 if not at another time
//	server stop        closes it
//	schema VERSION     makes the database one of a later release, for no other
//	damage             overwrites the database but for its header
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"ration": func(ts *testscript.TestScript, neg bool, args []string) {
		if code := run(ts, args); (code != 0) != neg {
			ts.Fatalf("exit code %d", code)
		}
	},
	"exit": func(ts *testscript.TestScript, _ bool, args []string) {
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		if code := run(ts, args[1:]); code != want {
			ts.Fatalf("exit code %d; want %d", code, want)
		}
	},
	"let": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile("stdout")))
	},
	"first": func(ts *testscript.TestScript, _ bool, args []string) { // the first field of the first row of CSV
		_, row, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
		field, _, _ := strings.Cut(row, ",")
		ts.Setenv(args[0], field)
	},
	"start": func(ts *testscript.TestScript, _ bool, args []string) { // START is how a text begins
		ts.Setenv("START", args[0][:8])
	},
	"normal": func(ts *testscript.TestScript, _ bool, _ []string) {
		_, err := fmt.Fprint(ts.Stdout(), normal(ts.ReadFile("stdout")))
		ts.Check(err)
	},
	"charge":  charging(nil),
	"reserve": charging(&ration.Hold{TTL: time.Hour}),
	"login":   login,
	"ask":     ask,
	"pickup":  pickUp,
	"server":  serve,
	"schema":  setSchema,
	"damage":  damage,
	"change":  change,
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: scripts, Cmds: scriptCommands, UpdateScripts: *update, RequireUniqueNames: true, RequireExplicitExec: true,
		Condition: condition("db"), Setup: setUpDatabase,
	})
}

// scripts is where they are.
const scripts = "testdata/script"

// condition lets a line of a script begin with [db] or [server], where it holds for one of
// the two only.
func condition(holds string) func(string) (bool, error) {
	return func(name string) (bool, error) {
		if name != "db" && name != "server" {
			return false, fmt.Errorf("there is no condition %q", name)
		}
		return name == holds, nil
	}
}

// setUpDatabase makes commands work on a database of the script's own.
func setUpDatabase(env *testscript.Env) error {
	env.Setenv("RATION_DB", "sqlite:"+filepath.Join(env.WorkDir, "ration.db"))
	env.Setenv("HOME", env.WorkDir)
	env.Values["server"] = &server{path: filepath.Join(env.WorkDir, "ration.db")}
	return os.Chmod(env.WorkDir, 0o700) //nolint:gosec // a directory has to be entered; whatever the process's mask is
}

func run(ts *testscript.TestScript, args []string) int {
	var environment []string
	for _, name := range []string{
		"RATION_DB", "RATION_CONFIG", "RATION_LITSEN", "RATION_SECRET_PREFIX", "RATION_PEPPER_FILE", "RATION_API_LISTEN", "RATION_REFUSE_UNMATCHED", "RATION_CORS_ORIGINS",
		"RATION_SERVER", "RATION_TOKEN_FILE", "RATION_PROFILE", "HOME",
	} {
		if value := ts.Getenv(name); value != "" {
			environment = append(environment, name+"="+strings.TrimPrefix(value, "empty"))
		}
	}
	return cli.Main(context.Background(), args, strings.NewReader(""), ts.Stdout(), ts.Stderr(), environment)
}

var variable = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\b(key|sec)_[0-9a-f]{8}-[0-9a-f-]{27}\b`), "ID"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b`), "UUID"},
	{regexp.MustCompile(`\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z\b`), "TIME"},
	{regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b`), "DATE"},
	{regexp.MustCompile(`\brk_(token_|login_|pickup_)?[0-9A-Za-z]{38}\b`), "SECRET"},
	{regexp.MustCompile(`\brk_[0-9A-Za-z]{5}…[0-9A-Za-z]{4}`), "ENDS"},
	{regexp.MustCompile(`"(start|end)": "[^"]*"`), `"$1": "…"`},
	{regexp.MustCompile(`cli:[^\s",]+|\btoken:script\b`), "ACTOR"},
	{regexp.MustCompile(`\bversion [0-9]+, which this release works with`), "version N, which this release works with"},
}

// normal replaces what differs from run to run. The future stays as it is: a
// script, or its server, has set it.
func normal(text string) string {
	for _, v := range variable {
		text = v.pattern.ReplaceAllStringFunc(text, func(found string) string {
			if strings.HasPrefix(found, "2100-") || strings.HasPrefix(found, "2050-") {
				return found
			}
			return v.pattern.ReplaceAllString(found, v.name)
		})
	}
	return text
}

func login(ts *testscript.TestScript, neg bool, args []string) {
	store := ts.Value("server").(*server).store
	if store == nil {
		var err error
		store, err = sqlite.Open(context.Background(), sqlite.Config{Path: databasePath(ts)})
		ts.Check(err)
		defer func() { ts.Check(store.Close()) }()
	}
	_, code, _ := strings.Cut(args[0], "#")
	begun, err := admin.New(store, admin.Config{}).LogInWithLink(context.Background(), ration.SecretFromText(code), admin.Login{From: "203.0.113.7", UserAgent: "a browser"})
	if (err != nil) != neg {
		ts.Fatalf("logging in: %v", err)
	}
	if err == nil {
		ts.Setenv("CODE", code)
		ts.Setenv("SESSION", begun.Session.ID.String())
	}
}

// ask asks for a key, as somebody who has none does.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	store, done := storeOf(ts)
	defer done()
	ctx := rationadmin.WithOrigin(context.Background(), rationadmin.Origin{From: "203.0.113.7"})
	asked, err := admin.New(store, admin.Config{}).AskForKey(ctx, admin.KeyAsking{Name: "<b>Ann</b>", Email: args[0], Reason: "to search"})
	ts.Check(err)
	ts.Setenv("KEY", asked.Request.KeyID.String())
	ts.Setenv("CODE", asked.Pickup.Code.Reveal())
}

func pickUp(ts *testscript.TestScript, neg bool, args []string) {
	store, done := storeOf(ts)
	defer done()
	if _, err := admin.New(store, admin.Config{}).PickUp(context.Background(), ration.SecretFromText(args[0])); (err != nil) != neg {
		ts.Fatalf("picking up: %v", err)
	}
}

// storeOf returns the store that a server has open, or opens the database until done.
func storeOf(ts *testscript.TestScript) (store *sqlite.Store, done func()) {
	if store := ts.Value("server").(*server).store; store != nil {
		return store, func() {}
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: databasePath(ts)})
	ts.Check(err)
	return store, func() { ts.Check(store.Close()) }
}

// charging makes the command that charges, or holds what it charges.
func charging(hold *ration.Hold) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) { charge(ts, hold, args) }
}

func charge(ts *testscript.TestScript, hold *ration.Hold, args []string) {
	store := ts.Value("server").(*server).store
	if store == nil {
		var err error
		store, err = sqlite.Open(context.Background(), sqlite.Config{Path: databasePath(ts)})
		ts.Check(err)
		defer func() { ts.Check(store.Close()) }()
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	one := ration.Charge{Secret: ration.SecretFromText(args[0]), Hold: hold}
	for _, text := range args[2:] {
		meter, units, _ := strings.Cut(text, "=")
		amount, err := strconv.ParseInt(units, 10, 64)
		ts.Check(err)
		one.Amounts = append(one.Amounts, ration.Amount{Meter: meter, Units: amount})
	}
	refs, err := store.ResolveDigests(context.Background(), []ration.Digest{one.Secret.Digest(nil)})
	ts.Check(err)
	one.Secret, one.KeyID = ration.Secret{}, refs[0].KeyID
	var codes bytes.Buffer
	for range times {
		item, err := testbatch.Item{Charge: one, SecretID: refs[0].SecretID}.Normalize() // each hold has its own id
		ts.Check(err)
		decisions, err := store.Charge(context.Background(), testbatch.AsIs(item))
		ts.Check(err)
		fmt.Fprintln(&codes, decisions[0].Code)
	}
	_, err = codes.WriteTo(ts.Stdout())
	ts.Check(err)
}

// server is what a script's server has open, if there is one.
type server struct {
	path   string // of the database
	store  *sqlite.Store
	stop   func() error
	remote *remote // where commands ask a server; nil: they work on the database
}

// noon is the time at a script's server, so that no period ends meanwhile.
var noon = time.Date(2050, 6, 15, 12, 0, 0, 0, time.UTC)

func serve(ts *testscript.TestScript, _ bool, args []string) {
	running := ts.Value("server").(*server)
	if running.remote != nil {
		serveRemote(ts, running, args)
		return
	}
	if args[0] == "stop" {
		ts.Check(running.stop())
		return
	}
	now := timeOf(ts, args)
	store, err := sqlite.Open(context.Background(), sqlite.Config{
		Path: databasePath(ts), Clock: func() time.Time { return now }, RequestLog: 30 * 24 * time.Hour,
	})
	ts.Check(err)
	listener, err := adminsock.Listen(context.Background(), databasePath(ts))
	ts.Check(err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- adminsock.Serve(ctx, listener, admin.New(store, admin.Config{})) }()
	running.store = store
	running.stop = func() error {
		cancel()
		running.store = nil
		return errors.Join(<-served, store.Close())
	}
	ts.Defer(func() {
		if running.store != nil {
			ts.Check(running.stop())
		}
	})
}

// timeOf returns the time at which "server start" lets a server be.
func timeOf(ts *testscript.TestScript, args []string) time.Time {
	if len(args) < 2 {
		return noon
	}
	now, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	return now
}

func setSchema(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", databasePath(ts))
	ts.Check(err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (?1, 1); UPDATE schema_compatibility SET least_version = ?1", args[0])
	ts.Check(errors.Join(err, db.Close()))
}

// change runs a statement on the file, behind the back of everything.
func change(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", databasePath(ts))
	ts.Check(err)
	_, err = db.Exec(args[0])
	ts.Check(errors.Join(err, db.Close()))
}

func damage(ts *testscript.TestScript, _ bool, _ []string) {
	content, err := os.ReadFile(databasePath(ts))
	ts.Check(err)
	for i := 100; i < len(content); i++ {
		content[i] = 0xff
	}
	ts.Check(os.WriteFile(databasePath(ts), content, 0o600))
}

func databasePath(ts *testscript.TestScript) string {
	if path, named := strings.CutPrefix(ts.Getenv("RATION_DB"), "sqlite:"); named {
		return path
	}
	return ts.Value("server").(*server).path
}
