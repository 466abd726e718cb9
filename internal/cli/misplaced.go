package cli

import (
	"strings"

	"github.com/ration-dev/ration/internal/config"
	"github.com/ration-dev/ration/internal/redact"
)

// misplaced returns what of the arguments and of Ration's variables may hold a
// password, but for a database's URL in its place: a message may repeat what was
// given in a wrong one, as the name of a file or of a command.
func misplaced(args, environment []string) (found []string) {
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if !strings.HasPrefix(arg, "-") || !joined {
			name, value = "", arg
			if i > 0 {
				name = args[i-1]
			}
		}
		if redact.Holds(arg) && !(name == "--db" && isDatabase(value)) {
			found = append(found, arg)
		}
	}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "RATION_") && redact.Holds(value) && !(name == "RATION_DB" && isDatabase(value)) {
			found = append(found, value)
		}
	}
	return found
}

// isDatabase reports whether a value is a location that no message shows.
func isDatabase(value string) bool {
	_, err := config.ParseDatabase(value)
	return err == nil
}

// checkFile refuses what may be a URL with a password in the place of a SQLite
// file's path, which messages show.
func checkFile(where, path string) error {
	if err := config.CheckDatabaseFile(path); err != nil {
		return usagef("%s: %s", where, err)
	}
	return nil
}
