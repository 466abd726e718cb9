// Package testdb gives tests a real PostgreSQL, 15 or later, with every
// durability setting on: what Ration promises about disks can't be tested on a
// server that was told to forget them.
//
// [Postgres] returns a fresh, empty database in a server that all tests share:
// the one that RATION_TEST_POSTGRES_URL names, else a private cluster that this
// process starts once. [StartCluster] gives a test a cluster of its own, to
// stop, restart and kill.
//
// [PgBouncer] puts a pooler in transaction mode before either, as hosts of
// databases do. [Wire] breaks connections.
//
// A private cluster lives in a temporary directory and never outlives the
// process that started it, however that process ends: a watchdog holds the
// other end of a pipe, and stops and removes the cluster when the pipe closes.
//
// A machine without PostgreSQL or PgBouncer fails these tests with the command
// that installs it. They are never skipped.
package testdb
