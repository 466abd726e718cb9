package profiles

import (
	"path/filepath"
	"runtime"
	"strings"
)

// Path returns where a user's profiles are, below the directory that [os.UserConfigDir]
// returns for the environment, and "" if the environment has no such directory.
func Path(environment []string) string {
	get := func(name string) (value string) {
		for _, entry := range environment {
			if found, ok := strings.CutPrefix(entry, name+"="); ok {
				value = found // the last one counts, as in package os
			}
		}
		return value
	}
	under := func(base string, more ...string) string {
		if !filepath.IsAbs(base) {
			return ""
		}
		return filepath.Join(append(append([]string{base}, more...), "ration", "profiles.yaml")...)
	}
	switch runtime.GOOS {
	case "windows":
		return under(get("AppData"))
	case "darwin", "ios":
		return under(get("HOME"), "Library", "Application Support")
	}
	if chosen := get("XDG_CONFIG_HOME"); chosen != "" {
		return under(chosen)
	}
	return under(get("HOME"), ".config")
}
