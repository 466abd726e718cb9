package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ration-dev/ration/internal/cli"
)

// terminal returns the two ends of a pseudo-terminal: what a person types into
// and what a program reads.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

func TestConfirmationAtATerminal(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	must(t, database, "keys", "create", "k")
	id := must(t, database, "keys", "list", "-q")
	for _, row := range []struct {
		name, answer, status string
		code                 int
	}{
		{"no", "no\n", "active", 2},
		{"a slip of the finger", "y\n", "active", 2},
		{"yes", "yes\n", "revoked", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			person, program := terminal(t)
			if _, err := person.WriteString(row.answer); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := cli.Main(t.Context(), []string{"keys", "revoke", id}, program, &stdout, &stderr, []string{"RATION_DB=" + database})
			if code != row.code || !strings.Contains(stderr.String(), `Type "yes" to go on:`) {
				t.Errorf("exit code %d, %q; want %d and a question", code, stderr.String(), row.code)
			}
			if list := must(t, database, "keys", "list"); !strings.Contains(list, row.status) {
				t.Errorf("the key is not %s:\n%s", row.status, list)
			}
		})
	}
}

// TestConfirmationOfManyKeys: the question says how many it is about, and what is
// not confirmed is not begun.
func TestConfirmationOfManyKeys(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	for _, owner := range []string{"acme", "acme", "bob"} {
		must(t, database, "keys", "create", "k", "--owner", owner)
	}
	for _, row := range []struct {
		answer, status string
		code           int
	}{{"no\n", "active", 2}, {"yes\n", "disabled", 0}} {
		person, program := terminal(t)
		if _, err := person.WriteString(row.answer); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := cli.Main(t.Context(), []string{"keys", "disable", "--select", "owner=acme"}, program, &stdout, &stderr, []string{"RATION_DB=" + database})
		if want := `This disables 2 of the 2 keys with owner=acme. Type "yes" to go on:`; code != row.code || !strings.Contains(stderr.String(), want) {
			t.Errorf("exit code %d, %q; want %d and %q", code, stderr.String(), row.code, want)
		}
		if list := must(t, database, "keys", "list", "--owner", "acme"); strings.Count(list, row.status) != 2 {
			t.Errorf("the keys are not %s:\n%s", row.status, list)
		}
		if list := must(t, database, "keys", "list", "--owner", "bob"); !strings.Contains(list, "active") {
			t.Errorf("another key was changed:\n%s", list)
		}
	}
}

// TestNobodyAnswersAtDevNull: it looks like a terminal and says nothing.
func TestNobodyAnswersAtDevNull(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = null.Close() })
	database := "sqlite:" + filepath.Join(t.TempDir(), "ration.db")
	must(t, database, "plans", "create", "free", "--limit", "1/day")
	var stdout, stderr bytes.Buffer
	code := cli.Main(t.Context(), []string{"plans", "delete", "free"}, null, &stdout, &stderr, []string{"RATION_DB=" + database})
	if code != 2 || !strings.Contains(stderr.String(), "not confirmed; nothing was changed") {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
}
