// Package failover proves with a database that Patroni keeps, and whose leader is
// handed over and killed under load, that nothing is forgotten that was admitted.
// It runs with the build tag "long".
package failover
