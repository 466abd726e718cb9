package rationadmin

import "time"

const (
	// InstanceLostAfter is how long an instance that runs is not seen at most.
	InstanceLostAfter = 30 * time.Second
	// InstanceRetention is how long an instance that is lost is remembered.
	InstanceRetention = 24 * time.Hour
)

// Instances are the instances that serve on a database.
type Instances struct {
	Items []ServingInstance // by name, and of one name by their start
	At    time.Time         // by the database's clock
}

// ServingInstance is an instance that serves on a database, as it last said so.
type ServingInstance struct {
	Instance
	Schema    int64             // the version of the tables that it was built for
	Listeners []Listener        // what it serves
	Settings  map[string]string // those that should be the same on all instances, by name; no secrets
	SeenAt    time.Time         // by the database's clock
	Lost      bool              // it was not seen for [InstanceLostAfter], so it ended without stopping in order, or can't reach the database
}

// Listener is where an instance serves something.
type Listener struct {
	Name    string // "proxy", "api" (the verify API) or "admin"
	Address string // that it has bound: "127.0.0.1:8080"
	TLS     bool
}
