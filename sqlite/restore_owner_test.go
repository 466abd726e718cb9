//go:build unix

package sqlite_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ration-dev/ration/sqlite"
)

// TestRestoreKeepsTheOwner: root restores what a server then opens as another
// user. Whoever is not root can only make files of his own.
func TestRestoreKeepsTheOwner(t *testing.T) {
	for name, row := range map[string]struct{ isNew bool }{"over a database": {false}, "into an empty directory": {true}} {
		t.Run(name, func(t *testing.T) {
			r := newRestoration(t)
			dir, names := filepath.Dir(r.config.Path), []string{r.config.Path, r.config.KeepOld, r.config.Path + ".lock"}
			if row.isNew {
				dir = t.TempDir()
				r.config.Path = filepath.Join(dir, "ration.db")
				names = []string{r.config.Path, r.config.Path + ".lock"}
			}
			want := uint32(os.Geteuid())
			if want == 0 {
				want = 12345
				for _, path := range []string{dir, r.config.Path} {
					if err := os.Chown(path, int(want), int(want)); err != nil && !os.IsNotExist(err) {
						t.Fatal(err)
					}
				}
			}
			if _, err := sqlite.Restore(t.Context(), r.config); err != nil {
				t.Fatal(err)
			}
			for _, path := range names {
				info, err := os.Stat(path)
				if err != nil {
					t.Fatal(err)
				}
				if owner := info.Sys().(*syscall.Stat_t).Uid; owner != want {
					t.Errorf("%s belongs to user %d, want %d", filepath.Base(path), owner, want)
				}
			}
		})
	}
}
