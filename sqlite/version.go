package sqlite

import (
	"context"
	"fmt"
)

// leastVersion is the first release that can't corrupt a database where a
// checkpoint on one connection meets a log that another starts anew.
var leastVersion = version{3, 51, 3}

// VersionError says that the linked version of SQLite may corrupt a database.
type VersionError struct {
	Have string // version of SQLite
	Want string // the first version that is safe
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("SQLite %s can corrupt a database in WAL mode; build with %s or later", e.Have, e.Want)
}

type version [3]int

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2]) }

// checkVersion refuses an SQLite that may corrupt the file.
func checkVersion(ctx context.Context, conn *conn) error {
	var text string
	err := conn.query(ctx, "SELECT sqlite_version()", nil, func(r *row) error {
		text = r.text(0)
		return nil
	})
	if err != nil {
		return fmt.Errorf("asking for the version of SQLite: %w", err)
	}
	return refuseOld(text)
}

func refuseOld(text string) error {
	var linked version
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &linked[0], &linked[1], &linked[2]); err != nil {
		return fmt.Errorf("reading SQLite's version %q: %w", text, err)
	}
	for i := range linked {
		switch {
		case linked[i] > leastVersion[i]:
			return nil
		case linked[i] < leastVersion[i]:
			return &VersionError{Have: text, Want: leastVersion.String()}
		}
	}
	return nil
}
