package report

// Names of contenders, in results and tables. Those on a store end with its name.
const (
	Redis          = "Redis, fsync always"
	EnvoyRateLimit = "Envoy's ratelimit on Redis, fsync always"
	Memory         = "a map in memory"
	Nothing        = "a handler that does nothing"
	ReverseProxy   = "a bare ReverseProxy"
	NoProxy        = "no proxy"
	ThreeInstances = "three instances"
	OneInstance    = "one instance"
)

// RationOn is the binary that is measured, or its engine.
func RationOn(store string) string { return "Ration on " + store }

// BaselineOn is an older binary.
func BaselineOn(store string) string { return "baseline on " + store }

// UpsertOn is one guarded upsert for each request.
func UpsertOn(store string) string { return "an upsert on " + store }
