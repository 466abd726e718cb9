// Package torture runs real instances under a seeded workload while a seeded choice of
// faults happens to them, and then holds all that anybody was told against what is
// recorded. "make prove" runs it for a minute.
//
// A run keeps an [Evidence]: what each client was told about each key, what the upstream
// saw, and what the database holds in the end. [Check] judges it and knows nothing of how
// it came about, so tests can lie to it. A run in which a fault that was planned never
// happened is inconclusive: it has shown nothing of that fault.
package torture
