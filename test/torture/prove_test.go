package torture_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/test/harness"
	"github.com/ration-dev/ration/test/torture"
)

// What "make prove" says.
var (
	seconds = flag.Int("seconds", 0, "how long each run lasts; 0: TestProve is skipped")
	store   = flag.String("store", "postgres", "the database: postgres, sqlite or both")
	times   = flag.Int("times", 0, "how often each fault happens at least, in place of a time")
	choice  = flag.String("faults", "", "beginnings of the names of faults, with commas between them; empty: all")
	keep    = flag.String("keep", "", "a directory for all answers of each run; empty: only those of a run in which something is wrong are kept, in that for temporary files")
	mistake = flag.String("bug", "", "a patch of the directory bugs, to see that it is found")
	again   = flag.String("again", "", "a file with answers, to be judged again in place of a run")
	dark    = flag.Bool("midnight", false, "set all clocks ahead, so that a calendar day turns in the middle of each run")
	seed    = flag.Uint64("seed", 0, "what choices are made by; 0: another one each time")
)

// The exit codes of the process. make shows them, and exits with 2 itself.
const (
	exitViolation    = 1 // a promise was broken
	exitBroken       = 2 // the run could not be made
	exitInconclusive = 3 // something that was planned never happened
)

// proved is what TestProve leaves for the end of the process.
var proved []*torture.Report

func TestMain(m *testing.M) {
	flag.Parse()
	if *seconds > 0 {
		if code, done, err := torture.RunWithMounts(); done {
			os.Exit(code)
		} else if err != nil {
			fmt.Println("No disk is filled in this run, for the system allows no small one:", err)
		}
	}
	code := m.Run()
	harness.RemoveBinary()
	if *seconds > 0 {
		code = tell(code)
	}
	os.Exit(code)
}

// TestProve is "make prove".
func TestProve(t *testing.T) {
	if *seconds == 0 {
		t.Skip("make prove runs this")
	}
	if *again != "" {
		evidence, err := torture.ReadEvidence(*again)
		if err != nil {
			t.Fatal(err)
		}
		findings := torture.Check(evidence)
		t.Fatalf("%d orders were found, %d histories are undecided, %d violations: %q", findings.Ordered, findings.Undecided, len(findings.Violations), findings.Violations)
	}
	stores := []torture.Store{torture.Store(*store)}
	if *store == "both" {
		stores = []torture.Store{torture.SQLite, torture.Postgres}
	}
	var err error
	options := torture.Options{Seed: cmp.Or(*seed, uint64(time.Now().UnixMicro()%1_000_000)), Duration: time.Duration(*seconds) * time.Second, Times: *times, Midnight: *dark}
	if options.Disk, err = torture.SmallDisk(diskSize(options)); err != nil {
		t.Fatal(err)
	}
	for _, options.Store = range stores {
		if options.Faults, _ = torture.Faults(options.Store, strings.FieldsFunc(*choice, func(r rune) bool { return r == ',' })...); len(options.Faults) == 0 {
			names, meanings := torture.Faults(options.Store)
			t.Fatalf("there are no faults %q on %s; there are %q: %q", *choice, options.Store, names, meanings)
		}
		options.Build = options.Builds(t, *mistake)
		fmt.Printf("load and faults %q; to make the same choices again: %s\n", options.Faults, options.Repeat())
		proved = append(proved, torture.Run(t, options))
	}
}

// diskSize is what the database takes, and more.
func diskSize(options torture.Options) int64 {
	return 400<<20 + int64(options.Duration.Seconds())<<20/4 + int64(options.Times)<<20
}

// tell prints what was shown, the line that a person remembers last, and returns the exit
// code.
func tell(code int) int {
	if code != 0 || len(proved) == 0 {
		fmt.Println("The run could not be made.")
		return exitBroken
	}
	for _, report := range proved {
		if *keep != "" || len(report.Findings.Violations) > 0 {
			path := cmp.Or(*keep, os.TempDir()) + fmt.Sprintf("/prove-%s-%d.json.gz", report.Options.Store, report.Options.Seed)
			fmt.Println("All answers are in", path, report.Evidence.Write(path))
		}
		for i, violation := range report.Findings.Violations {
			if code = exitViolation; i < 10 {
				fmt.Println("VIOLATION:", violation)
			}
		}
		if missing := report.Missing(); len(missing) > 0 {
			fmt.Printf("INCONCLUSIVE: these never happened: %q; give the run more SECONDS, or fewer FAULTS\n", missing)
			code = cmp.Or(code, exitInconclusive)
		}
	}
	for _, report := range proved {
		fmt.Println("faults:", report.Struck)
		fmt.Println(report.Line())
	}
	return code
}
