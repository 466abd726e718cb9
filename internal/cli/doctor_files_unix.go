//go:build unix

package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/adminsock"
	"github.com/ration-dev/ration/internal/config"
)

// exposed is a file that others can use, and how that ends.
type exposed struct {
	what string
	cure string // a command, whose last word is word
	word string // empty: it is whole
	mild bool   // only its group can
}

// permissionsFindings looks at the files that only their owner is to use. A
// pepper_file that others can read was refused with the settings.
func permissionsFindings(settings config.Config) []admin.Finding {
	finding := admin.Finding{Check: "permissions", State: admin.FindingOK, Detail: "no file that only its owner should use is open to others"}
	open, err := openFiles(settings)
	if err != nil {
		finding.State, finding.Detail = admin.FindingWarning, "some files can't be checked: "+err.Error()
		finding.Advice = "run 'ration doctor' as the user that the server runs as"
		return []admin.Finding{finding}
	}
	if len(open) == 0 {
		return []admin.Finding{finding}
	}
	finding.State = admin.FindingWarning
	for i, file := range open {
		if !file.mild {
			finding.State = admin.FindingProblem
		}
		between, command := "; ", "; "+file.cure // each for itself: a log may have gone with its last user
		if i == 0 {
			finding.Detail, between, command = "", "", "run: "+file.cure
		} else if file.cure == open[i-1].cure && file.word != "" {
			command = "" // another word of the one before
		}
		finding.Detail += between + file.what
		finding.Advice += command
		if file.word != "" {
			finding.Advice += " " + file.word
		}
	}
	return []admin.Finding{finding}
}

func openFiles(settings config.Config) (open []exposed, err error) {
	check := func(path string, judge func(string, fs.FileMode) (exposed, bool)) {
		info, statErr := os.Stat(path)
		if statErr != nil {
			if !errors.Is(statErr, fs.ErrNotExist) {
				err = errors.Join(err, statErr)
			}
			return
		}
		if file, is := judge(path, info.Mode()); is {
			open = append(open, file)
		}
	}
	if settings.DB.Path != "" {
		path, resolveErr := resolve(settings.DB.Path)
		if resolveErr != nil {
			return nil, resolveErr
		}
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			check(path+suffix, judgePrivate)
		}
		if socket, socketErr := adminsock.Path(path); socketErr == nil { // else there is none
			check(socket, judgePrivate)
		}
		check(filepath.Dir(path), judgeDirectory(filepath.Base(path)))
	}
	if settings.File != "" {
		check(settings.File, judgeConfiguration(settings.FileSecrets))
	}
	return open, err
}

// resolve finds the file beside which the others are.
func resolve(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// judgePrivate is for what Ration has made for its owner alone: digests, names and
// owners are in it, and whoever can use the socket administers all.
func judgePrivate(path string, mode fs.FileMode) (exposed, bool) {
	return exposed{
		what: fmt.Sprintf("users other than its owner can use %s (mode %04o)", path, mode.Perm()),
		cure: "chmod 600", word: shellWord(path),
	}, mode.Perm()&0o077 != 0
}

// judgeDirectory is for the directory of the database, in which others who can
// write may put another in its place, or a write-ahead log beside it. Its group is
// often its owner alone, which can't be told from here.
func judgeDirectory(database string) func(string, fs.FileMode) (exposed, bool) {
	return func(path string, mode fs.FileMode) (exposed, bool) {
		file := exposed{cure: "chmod go-w", word: shellWord(path), mild: mode.Perm()&0o002 == 0}
		who := "others"
		if file.mild {
			who = "its group"
		}
		file.what = fmt.Sprintf("%s can create files next to the database in %s (mode %04o)", who, path, mode.Perm())
		if mode&fs.ModeSticky != 0 { // such as /tmp, which is everybody's
			file.word = ""
			own := filepath.Join(path, "ration-data")
			file.cure = fmt.Sprintf("mkdir -m 700 %s && mv %s* %[1]s/ (with the server stopped; its --db is then %s)",
				shellWord(own), shellWord(filepath.Join(path, database)), shellWord("sqlite:"+filepath.Join(own, database)))
		}
		return file, mode.Perm()&0o022 != 0
	}
}

// judgeConfiguration lets a group read: a file of root's is often read by a server
// of that group.
func judgeConfiguration(secrets []string) func(string, fs.FileMode) (exposed, bool) {
	return func(path string, mode fs.FileMode) (exposed, bool) {
		file := exposed{cure: "chmod o=", word: shellWord(path)}
		if len(secrets) > 0 && mode.Perm()&0o004 != 0 {
			file.what = fmt.Sprintf("others can read %s (mode %04o), which contains secrets (%s)", path, mode.Perm(), strings.Join(secrets, ", "))
			return file, true
		}
		file.what = fmt.Sprintf("others can change %s (mode %04o)", path, mode.Perm())
		return file, mode.Perm()&0o002 != 0
	}
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_.:/-]+$`)

// shellWord quotes a path where a shell needs it.
func shellWord(path string) string {
	if plainWord.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
