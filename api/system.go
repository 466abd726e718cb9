package api

import "time"

// System is what answers: the instance that was asked, and its database.
type System struct {
	ID        string    `json:"id"`      // of this run of the instance, as in the list of instances; empty: it is no server
	Name      string    `json:"name"`    // of its machine
	Version   string    `json:"version"` // of Ration; "(devel)": it was not built from a release
	Revision  string    `json:"revision"`
	Modified  bool      `json:"modified"` // the source differed from the revision
	Go        string    `json:"go"`       // the version of Go that built it
	Platform  string    `json:"platform"`
	StartedAt time.Time `json:"started_at"`
	At        time.Time `json:"at"`       // by the database's clock
	Weakened  []string  `json:"weakened"` // the settings that give a promise up, each with what it gives up; never null
	Database  Database  `json:"database"`
}

// Database is a database, as it describes itself.
type Database struct {
	Kind          string `json:"kind"`           // "sqlite" or "postgres"
	Version       string `json:"version"`        // of SQLite or of the server
	SchemaVersion int64  `json:"schema_version"` // of Ration's tables
	Size          int64  `json:"size_bytes"`
}
