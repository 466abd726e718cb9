package rationadmin

import (
	"time"

	"github.com/google/uuid"
)

// Instance is a running process, as it knows itself. A program that embeds Ration says in
// [Config] what it likes of it.
type Instance struct {
	ID        uuid.UUID // of this run of the process; zero: it is no server
	Name      string    // of its machine
	Version   string    // of Ration; "(devel)": it was not built from a release
	Revision  string    // of its source; empty: not known
	Modified  bool      // the source differed from the revision
	Go        string    // the version of Go that built it
	Platform  string    // "linux/amd64"
	StartedAt time.Time
	Weakened  []string // the settings that give a promise up, each with what it gives up; nil: none
}

// Database is a database, as it describes itself.
type Database struct {
	Kind    string // "sqlite" or "postgres"
	Version string // of SQLite or of the server
	Schema  int64  // the version of Ration's tables
	Size    int64  // bytes
}

// System is what answers: the instance that was asked, and its database.
type System struct {
	Instance Instance
	Database Database
	At       time.Time // by the database's clock
}
