package config_test

import (
	"io/fs"
	"testing"

	"github.com/ration-dev/ration/internal/config"
)

func TestFilesThatOthersCanRead(t *testing.T) {
	for _, row := range []struct {
		name string
		path string
		mode fs.FileMode
		want bool
	}{
		{"owner alone", "/etc/ration/pepper", 0o600, false},
		{"group", "/etc/ration/pepper", 0o640, true},
		{"everybody", "/etc/ration/pepper", 0o604, true},
		{"credential of systemd", "/run/credentials/ration.service/pepper", 0o440, false},
		{"credential that everybody can read", "/run/credentials/ration.service/pepper", 0o444, true},
		{"credential that the group can write", "/run/credentials/ration.service/pepper", 0o460, true},
		{"path out of the credentials", "/run/credentials/../pepper", 0o440, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := config.OpenToOthers(row.path, row.mode); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}
