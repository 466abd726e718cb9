package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/ration-dev/ration/internal/redact"
)

// ParseDatabase reads where the data is: "sqlite:./ration.db" or a postgres://
// URL. Its error doesn't show the value, which may hold a password.
func ParseDatabase(value string) (Database, error) {
	if path, ok := strings.CutPrefix(value, "sqlite:"); ok && path != "" {
		if err := CheckDatabaseFile(path); err != nil {
			return Database{}, err
		}
		return Database{Path: path}, nil
	}
	location, err := url.Parse(value)
	scheme, _, _ := strings.Cut(value, "://")
	isPostgres := scheme == "postgres" || scheme == "postgresql"
	switch {
	case isPostgres && (err != nil || location.Fragment != "" || redact.Ambiguous(value)):
		return Database{}, invalid("", `the URL can't be read; in a user name or password write "#" as %23, "/" as %2F, "?" as %3F, "@" as %40 and "%" as %25`)
	case isPostgres:
		return Database{URL: value}, nil
	}
	empty := ""
	if value == "" { // as a shell leaves it whose variable has no value
		empty = "it is empty; "
	}
	usual := "./ration.db"
	for _, scheme := range []string{"", "file:", "file://", "sqlite3:", "sqlite3://"} { // as other programs write it
		if path, ok := strings.CutPrefix(value, scheme); ok && plainPath.MatchString(path) && !strings.HasPrefix(path, "//") {
			usual = path
		}
	}
	return Database{}, invalid("", fmt.Sprintf(`%suse "sqlite:" and the path of a file, such as %q, or a "postgres://…" URL`, empty, "sqlite:"+usual))
}

var (
	// plainPath is what can only be the path of a database, so that a message may show it.
	plainPath = regexp.MustCompile(`^[\w./-]{1,100}\.(db|sqlite3?)$`)
	// parameters are what the drivers of other programs read behind a file's name.
	parameters = regexp.MustCompile(`\?[^/]*=`)
	// drive is how an absolute path begins on Windows: its colon ends no user's name.
	drive = regexp.MustCompile(`^[A-Za-z]:[/\\]([^/]|$)`)
)

// CheckDatabaseFile refuses a URL, or a part of one, as the path of a SQLite file,
// because messages show paths, and a URL may hold a password. Its error, a
// [ration.InvalidError], doesn't show the value.
func CheckDatabaseFile(path string) error {
	const form = `"sqlite:" is followed by the path of a file alone, such as "sqlite:./ration.db"`
	switch {
	case strings.Contains(path, "://"), redact.Holds(drive.ReplaceAllString(path, "")):
		return invalid("", form+`: it has no user, password or host; the URL of PostgreSQL begins with "postgres://"`)
	case parameters.MatchString(path):
		return invalid("", form+": it has no parameters")
	}
	return nil
}

func hasPassword(value string) bool {
	location, err := url.Parse(value)
	if err != nil {
		return false
	}
	_, has := location.User.Password()
	return has || location.Query().Has("password")
}
