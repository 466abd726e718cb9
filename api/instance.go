package api

import "time"

// Instances are the instances that serve on a database.
type Instances struct {
	Items []Instance `json:"items"` // by name, and of one name by their start; never null
	At    time.Time  `json:"at"`    // by the database's clock
}

// Instance is an instance that serves on a database, as it last said so.
type Instance struct {
	ID            string            `json:"id"`    // of this run of its process
	Name          string            `json:"name"`  // of its machine
	State         string            `json:"state"` // running; lost: it was not seen for 30 seconds, so it ended without stopping in order, or can't reach the database
	Version       string            `json:"version"`
	Revision      string            `json:"revision"`
	Modified      bool              `json:"modified"` // the source differed from the revision
	Go            string            `json:"go"`
	Platform      string            `json:"platform"`
	SchemaVersion int64             `json:"schema_version"` // of the tables that it was built for
	Listeners     []Listener        `json:"listeners"`      // what it serves; never null
	Weakened      []string          `json:"weakened"`       // the settings that give a promise up, each with what it gives up; never null
	Settings      map[string]string `json:"settings"`       // those that should be the same on all instances; never null
	StartedAt     time.Time         `json:"started_at"`     // by its own clock
	SeenAt        time.Time         `json:"seen_at"`        // by the database's clock
}

// The states of instances.
const (
	InstanceRunning = "running"
	InstanceLost    = "lost"
)

// Listener is where an instance serves something.
type Listener struct {
	Name    string `json:"name"`    // proxy, api (the verify API) or admin
	Address string `json:"address"` // that it has bound
	TLS     bool   `json:"tls"`
}
