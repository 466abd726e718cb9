package config_test

import (
	"strings"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

// TestWhatIsNoPathOfAFileIsRefused: messages show the path of a SQLite file.
func TestWhatIsNoPathOfAFileIsRefused(t *testing.T) {
	for _, value := range []string{
		"sqlite://u:sEcr3t@/nonexist/x", "sqlite://u:sEcr3t@host/x", "sqlite:u:sEcr3t@/x", "sqlite:///x?password=sEcr3t", "sqlite:x.db?_auth_user=u&_auth_pass=sEcr3t",
		"sqlite:x.db?_pragma_key=sEcr3t", "sqlite:file:x.db?key=sEcr3t", "sqlite:postgres://u:sEcr3t@h/d", "sqlite:postgresql://h/d?password=sEcr3t", "sqlite:sqlite://u:sEcr3t@/x",
		"sqlite:host=h password=sEcr3t", "sqlite:C:sEcr3t@host/x", "sqlite:c://sEcr3t@host/x", "SQLITE://u:sEcr3t@/x", "sqlite3://u:sEcr3t@/x", "file://u:sEcr3t@/x",
	} {
		if _, err := config.ParseDatabase(value); err == nil || strings.Contains(err.Error(), "sEcr3t") {
			t.Errorf("%s: %v", value, err)
		}
	}
	for _, path := range []string{"./ration.db", "/var/lib/ration.db", "//var/lib/ration.db", "a:b.db", "me@host/ration.db", `C:\Users\me@corp\ration.db`, "C:/Users/me@corp/ration.db", "what?.db"} {
		if database, err := config.ParseDatabase("sqlite:" + path); err != nil || database.Path != path {
			t.Errorf("%s: %v, %v", path, database, err)
		}
	}
}
